#!/usr/bin/env bash
# ultralytics 8.4.190 (torch 2.15.0, torchvision 0.29.2, onnx 1.23.2), exporting to ONNX
#
# Two things that a reader of the exported file cannot see, and that the names of the options do not suggest:
#
# 1. `nms=False` is not the default and not "without a suppression". Left out, a YOLOv10 is exported with its one-to-many head: [1, 84, N] of
#    centres and class scores, which overlap and still need a suppression. With `nms=False` it is exported with its one-to-one head:
#    [1, 300, 6] of corners, score and class, which needs none. For a YOLO11, which has no such head, `nms=False` changes nothing.
# 2. RT-DETR gives [1, 300, 6], the same shape as that, but of normalised centres, widths and heights, not of corners in pixels.
#
# Seen:
#   yolov10n           output0 [1, 84, 525]
#   yolov10n nms=False output0 [1, 300, 6], box (x1, y1, x2, y2) in pixels of 160 x 160: all of x1 <= x2, most above 1
#   yolo11n  nms=False output0 [1, 84, 525]
#   rtdetr-l           output0 [1, 300, 6], box (cx, cy, w, h) from 0 to 1
#
# The networks are made from the configurations inside the package, with random weights: no weights are downloaded. The packages take about 6 GB.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  ultralytics==8.4.190 torch==2.15.0 torchvision==0.29.2 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0

cat >check.py <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import torch
from ultralytics import RTDETR, YOLO

image = np.random.default_rng(0).random((1, 3, 160, 160), dtype=np.float32)


def exported(kind, configuration, **options):
    torch.manual_seed(0)
    path = kind(configuration).export(format="onnx", imgsz=160, simplify=False, **options)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    result = session.run(None, {session.get_inputs()[0].name: image})[0]
    boxes = result[0, :, :4]
    print("SEEN", configuration, options, result.shape, "boxes from", boxes.min(), "to", boxes.max())
    return result


raw = exported(YOLO, "yolov10n.yaml")
final = exported(YOLO, "yolov10n.yaml", nms=False)
plain = exported(YOLO, "yolo11n.yaml", nms=False)
detr = exported(RTDETR, "rtdetr-l.yaml")

corners = final[0, :, :4]
centres = detr[0, :, :4]
checks = {
    "YOLOv10 is exported with 84 rows unless told otherwise": raw.shape == (1, 84, 525),
    "YOLOv10 with nms=False is exported with final boxes": final.shape == (1, 300, 6),
    "these are corners": bool((corners[:, 0] <= corners[:, 2]).all() and (corners[:, 1] <= corners[:, 3]).all()),
    "in pixels": float(np.median(corners[:, 2:])) > 1,
    "YOLO11 with nms=False is exported with 84 rows": plain.shape == (1, 84, 525),
    "RT-DETR has the shape of final boxes": detr.shape == (1, 300, 6),
    "but its numbers are normalised": bool((centres >= 0).all() and (centres <= 1).all()),
    "and are no corners": bool((centres[:, 0] > centres[:, 2]).any()),
}
for text, held in checks.items():
    print("holds  " if held else "CHANGED", text)
sys.exit(0 if all(checks.values()) else 1)
PYTHON
YOLO_OFFLINE=true YOLO_CONFIG_DIR="$folder" venv/bin/python check.py | grep -E '^(SEEN|holds|CHANGED)'
