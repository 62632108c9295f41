#!/usr/bin/env bash
# Pillow 13.0.0 does not always give the pixels of Pillow 12: Image.resize begins with the columns where the height loses more
# than twice as many pixels as the width (new height < height, and height - new height > 2 * (width - new width)); Pillow 12.0.0
# always begins with the rows. Levels are rounded and end at 0 and 255 in between, so the order shows with kernels that overshoot.
# Seen with LANCZOS on the picture below: 15 x 31 to 10 x 20 differs, by 13 levels at most; 31 x 15 to 20 x 10 is equal. So stored
# reference pictures of one version do not hold for the other.
# Checks: pillow==12.0.0 and pillow==13.0.0 from PyPI, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/resize.py" <<'PY'
import sys
import numpy as np
from PIL import Image, __version__
print(__version__)
for name, (width, height), target in (('tall', (15, 31), (10, 20)), ('wide', (31, 15), (20, 10))):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
    picture = ((x * x * 7 + y * y * 13 + x * y * 5 + c * 71) % 256).astype(np.uint8)
    np.save(f'{sys.argv[1]}-{name}.npy', np.asarray(Image.fromarray(picture).resize(target, Image.LANCZOS)))
PY
for version in 12.0.0 13.0.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "pillow==$version" numpy==2.3.5
  "$folder/$version/bin/python" "$folder/resize.py" "$folder/$version"
done
"$folder/13.0.0/bin/python" - "$folder" <<'PY'
import sys
import numpy as np
most = {}
for name in ('tall', 'wide'):
    a, b = (np.load(f'{sys.argv[1]}/{version}-{name}.npy').astype(int) for version in ('12.0.0', '13.0.0'))
    most[name] = int(abs(a - b).max())
print('greatest difference in levels:', most)
sys.exit(0 if most['tall'] == 13 and most['wide'] == 0 else 1)
PY
