"""Trains the street model and writes everything in this folder that is made.

    python train.py                      # all steps, with the numbers of README.md
    python train.py --steps export test  # again, from the weights in --work

The steps are: render (draw the data sets), train, export (street.onnx and
manifest.json), test (the held-out set, on the exported file), samples.

Three streams of random numbers keep the data sets apart: the model learns from
one, the best epoch is chosen with the second, and the third is looked at only
once, in the step `test`. The samples come from the third stream as well, from
indices behind those of the test set.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from scenes import LABELS, render

HERE = Path(__file__).resolve().parent
SIZE = 64
SAMPLE_SIZE = 256
CLASSES = len(LABELS)
STREAMS = {"train": 1, "validation": 2, "test": 3}

# (output channels, max pooling after it). Few channels where the pictures are
# large, since that is where the time goes; more than 60 from the third layer on.
LAYERS: tuple[tuple[int, bool], ...] = (
    (24, True),
    (48, True),
    (64, False),
    (96, True),
    (96, False),
    (128, False),
    (128, False),
)
BN_EPSILON = 1e-3
OPSET = 13

# Index within the test stream of the picture shown as the sample of each label,
# picked by eye as typical and easy to recognise.
SAMPLE_INDICES: dict[str, int] = {
    "stop-sign": 2484,
    "speed-limit-sign": 2509,
    "yield-sign": 2414,
    "no-entry-sign": 2523,
    "crossing-sign": 2512,
    "traffic-light": 2501,
    "car": 2442,
    "bus": 2527,
    "truck": 2480,
    "bicycle": 2517,
    "pedestrian": 2506,
    "empty-street": 2507,
}


# --------------------------------------------------------------------------
# Data


def label_of(index: int) -> int:
    """Labels take turns, so every set holds the same number of each."""
    return index % CLASSES


def render_range(job: tuple[int, int, int, int]) -> np.ndarray:
    seed, stream, start, stop = job
    pictures = [render(LABELS[label_of(i)], seed, stream, i, SIZE) for i in range(start, stop)]
    return np.stack([np.asarray(p, dtype=np.uint8) for p in pictures])


def render_set(name: str, count: int, seed: int, workers: int) -> np.ndarray:
    started = time.time()
    jobs = [(seed, STREAMS[name], i, min(i + 100, count)) for i in range(0, count, 100)]
    # Spawned, not forked: a forked TensorFlow would hang on its thread pools.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        pictures = np.concatenate(list(pool.map(render_range, jobs)))
    print(f"{name}: {count} pictures in {time.time() - started:.0f} s", flush=True)
    return pictures


def render_sets(args: argparse.Namespace) -> None:
    for name, count in (("train", args.train), ("validation", args.validation)):
        np.save(args.work / f"{name}.npy", render_set(name, count, args.seed, args.workers))
    folder = args.work / "test"
    folder.mkdir(exist_ok=True)
    # The test set goes through PNG files, as pictures do that come to the runtime.
    for i, pixels in enumerate(render_set("test", args.test, args.seed, args.workers)):
        Image.fromarray(pixels).save(folder / f"{i:05d}-{LABELS[label_of(i)]}.png")


def labels_for(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int32) % CLASSES


def augment(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A batch of uint8 pictures as slightly different float ones in 0..1.

    No mirroring: letters, digits and the order of lamps have a direction, and
    where mirroring makes sense the renderer does it already.
    """
    n, reach = len(pictures), 4
    padded = np.pad(pictures, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    out = np.empty(pictures.shape, dtype=np.float32)
    for i, (dx, dy) in enumerate(rng.integers(0, 2 * reach + 1, (n, 2))):
        out[i] = padded[i, dy : dy + SIZE, dx : dx + SIZE]
    out /= 255
    gain = rng.uniform(0.8, 1.2, (n, 1, 1, 1)) * rng.uniform(0.94, 1.06, (n, 1, 1, 3))
    mean = out.mean(axis=(1, 2, 3), keepdims=True)
    out = (out - mean) * rng.uniform(0.8, 1.2, (n, 1, 1, 1)) + mean * gain
    for j in np.flatnonzero(rng.random(n) < 0.25):  # hide a patch: not one detail alone may decide
        x, y, side = rng.integers(0, SIZE - 16), rng.integers(0, SIZE - 16), rng.integers(6, 16)
        out[j, y : y + side, x : x + side] = rng.random(3)
    return np.clip(out, 0, 1).astype(np.float32)


# --------------------------------------------------------------------------
# Network and training


def build_network():
    """The network up to the logits; the softmax is added at export."""
    from keras import Input, Model, layers

    image = x = Input((SIZE, SIZE, 3), name="image")
    for n, (channels, pool) in enumerate(LAYERS, start=1):
        # No bias: the shift of the normalisation that follows takes its place.
        x = layers.Conv2D(channels, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"conv{n}")(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=BN_EPSILON, name=f"bn{n}")(x)
        x = layers.ReLU(name=f"relu{n}")(x)
        if pool:
            x = layers.MaxPooling2D(2, name=f"pool{n}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return Model(image, layers.Dense(CLASSES, name="dense")(x))


def train(args: argparse.Namespace) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(args.seed)
    rng = np.random.default_rng([args.seed, 77])
    pictures, check = np.load(args.work / "train.npy"), np.load(args.work / "validation.npy")
    labels, check_labels = labels_for(len(pictures)), labels_for(len(check))
    check_input = check.astype(np.float32) / 255

    network = build_network()
    steps = len(pictures) // args.batch
    total, warm_up = steps * args.epochs, steps // 2
    optimizer = keras.optimizers.AdamW(args.rate, weight_decay=args.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss_of = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.05)

    @tf.function
    def step(batch, target):
        with tf.GradientTape() as tape:
            logits = network(batch, training=True)
            loss = loss_of(target, logits)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables))
        return loss

    @tf.function
    def infer(batch):
        return network(batch, training=False)

    best, done = -1.0, 0
    one_hot = np.eye(CLASSES, dtype=np.float32)
    for epoch in range(1, args.epochs + 1):
        started, losses = time.time(), []
        order = rng.permutation(len(pictures))
        for k in range(steps):
            chosen = order[k * args.batch : (k + 1) * args.batch]
            # A short warm-up, then half a cosine down to zero.
            now = args.rate * min(1.0, (done + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * done / total))
            optimizer.learning_rate = now
            losses.append(step(tf.constant(augment(pictures[chosen], rng)), tf.constant(one_hot[labels[chosen]])))
            done += 1
        guesses = np.concatenate([infer(tf.constant(check_input[i : i + 200])).numpy().argmax(1) for i in range(0, len(check), 200)])
        accuracy = float((guesses == check_labels).mean())
        print(f"epoch {epoch:2d}: loss {np.mean([float(v) for v in losses]):.4f}, validation {accuracy:.4f}, {time.time() - started:.0f} s", flush=True)
        if accuracy >= best:
            best = accuracy
            network.save_weights(args.work / "best.weights.h5")
            (args.work / "training.json").write_text(json.dumps({"epoch": epoch, "validation": accuracy}))


# --------------------------------------------------------------------------
# Export


def export(args: argparse.Namespace) -> None:
    """Writes the ONNX file node by node, so that its names and layout are ours."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    network = build_network()
    network.load_weights(args.work / "best.weights.h5")
    nodes: list[onnx.NodeProto] = []
    weights: list[onnx.TensorProto] = []

    def weight(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32), name))
        return name

    def node(kind: str, name: str, inputs: list[str], output: str | None = None, **attributes) -> str:
        output = output or f"{name}/output"
        nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        return output

    x = "image"
    for n, (_, pool) in enumerate(LAYERS, start=1):
        (filters,) = network.get_layer(f"conv{n}").get_weights()
        gamma, beta, mean, variance = network.get_layer(f"bn{n}").get_weights()
        # Keras keeps filters as height, width, in, out; ONNX as out, in, height, width.
        inputs = [x, weight(f"conv{n}/filters", filters.transpose(3, 2, 0, 1))]
        x = node("Conv", f"conv{n}", inputs, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1])
        named = {"scale": gamma, "shift": beta, "mean": mean, "variance": variance}
        # Left unfolded: to fold them into the convolutions is the task of the runtime.
        inputs = [x] + [weight(f"bn{n}/{key}", value) for key, value in named.items()]
        x = node("BatchNormalization", f"bn{n}", inputs, epsilon=BN_EPSILON)
        x = node("Relu", f"relu{n}", [x])
        if pool:
            x = node("MaxPool", f"pool{n}", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = node("GlobalAveragePool", "average", [x])
    x = node("Flatten", "flatten", [x], axis=1)
    matrix, bias = network.get_layer("dense").get_weights()
    x = node("Gemm", "dense", [x, weight("dense/weights", matrix.T), weight("dense/bias", bias)], transB=1)
    node("Softmax", "softmax", [x], output="probabilities", axis=1)

    graph = helper.make_graph(
        nodes,
        "street",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, CLASSES])],
        weights,
    )
    model = helper.make_model(graph, producer_name="isobath-street", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 7  # what came with opset 13; newer ones would shut out older readers
    onnx.checker.check_model(model, full_check=True)
    path = HERE / "street.onnx"
    onnx.save(model, path)

    # The file must compute what the trained network computes.
    pictures = np.load(args.work / "validation.npy")[:120]
    logits = network(pictures.astype(np.float32) / 255, training=False).numpy().astype(np.float64)
    expected = np.exp(logits - logits.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    difference = float(np.abs(classify(path, list(pictures)) - expected).max())
    print(f"largest difference from the training framework: {difference:.2e}")
    assert difference < 1e-5, difference

    manifest = {
        "name": "street",
        "version": "1",
        "model": path.name,
        "task": "classification",
        "license": "Apache-2.0",
        "input": {"name": "image", "channels": "RGB", "scale": 1 / 255, "mean": [0, 0, 0], "std": [1, 1, 1], "fit": "cover"},
        "labels": list(LABELS),
    }
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes, {network.count_params()} parameters")


def classify(path: Path, pictures: list[np.ndarray]) -> np.ndarray:
    """Probabilities of 64x64 RGB uint8 pictures, by the ONNX file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = [(p.astype(np.float32) / 255).transpose(2, 0, 1)[None] for p in pictures]
    return np.concatenate([session.run(["probabilities"], {"image": x})[0] for x in inputs])


# --------------------------------------------------------------------------
# Test and samples


def test(args: argparse.Namespace) -> None:
    files = sorted((args.work / "test").glob("*.png"))
    pictures = [np.asarray(Image.open(f).convert("RGB")) for f in files]
    truth = np.array([LABELS.index(f.stem.split("-", 1)[1]) for f in files])
    guesses = classify(HERE / "street.onnx", pictures).argmax(1)
    confusion = np.zeros((CLASSES, CLASSES), dtype=int)
    np.add.at(confusion, (truth, guesses), 1)
    right = int(confusion.trace())
    print(f"test: {right} of {len(files)} right, {right / len(files):.4f}")
    for i, name in enumerate(LABELS):
        wrong = {LABELS[j]: int(n) for j, n in enumerate(confusion[i]) if n and j != i}
        print(f"  {name:18s} {confusion[i, i]}/{confusion[i].sum()} {confusion[i, i] / confusion[i].sum():.4f}  {wrong}")
    result = {"right": right, "count": len(files), "labels": list(LABELS), "confusion": confusion.tolist()}
    (args.work / "test.json").write_text(json.dumps(result))


def samples(args: argparse.Namespace) -> None:
    folder = HERE / "samples"
    folder.mkdir(exist_ok=True)
    for name, index in SAMPLE_INDICES.items():
        assert index >= args.test and LABELS[label_of(index)] == name, (name, index)
        # Without the camera's noise, which would only make the files large.
        picture = render(name, args.seed, STREAMS["test"], index, SAMPLE_SIZE, spoil=False)
        path = folder / f"{name}.png"
        picture.save(path, optimize=True)
        assert path.stat().st_size < 120_000, path
        for kind in (Image.Resampling.LANCZOS, Image.Resampling.BOX):
            small = np.asarray(Image.open(path).convert("RGB").resize((SIZE, SIZE), kind))
            (p,) = classify(HERE / "street.onnx", [small])
            print(f"  {path.name:22s} {kind.name:8s} {LABELS[p.argmax()]} {p.max():.4f}")
            assert LABELS[p.argmax()] == name, path


STEPS = {"render": render_sets, "train": train, "export": export, "test": test, "samples": samples}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", nargs="+", choices=list(STEPS), default=list(STEPS))
    parser.add_argument("--work", type=Path, default=HERE / ".work", help="folder for data sets and weights (default: .work)")
    parser.add_argument("--seed", type=int, default=20240)
    parser.add_argument("--train", type=int, default=18000, help="training pictures")
    parser.add_argument("--validation", type=int, default=2400)
    parser.add_argument("--test", type=int, default=2400)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3, help="highest learning rate")
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that render")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for name in args.steps:
        STEPS[name](args)


if __name__ == "__main__":
    main()
