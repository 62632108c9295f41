"""Makes this folder's model: a small network with the blocks of MobileNet v2, its parameters from a seed, converted by
TensorFlow's own tool, with filters of 16 bits; and what TensorFlow computes with it.

    pip install tensorflow-cpu==2.15.1 "setuptools<70" tf_keras==2.15.1
    pip install --no-deps tensorflowjs==4.22.0 tensorflow_hub==0.16.1
    python convert.py FOLDER
"""
import json
import sys
import types

import numpy as np
import tensorflow as tf

# The converter imports these two for models of other kinds.
sys.modules['tensorflow_decision_forests'] = types.ModuleType('tensorflow_decision_forests')
for name in ('jax', 'jax.experimental', 'jax.experimental.jax2tf'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['jax.experimental'].jax2tf = sys.modules['jax.experimental.jax2tf']

from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter  # noqa: E402

keras, layers = tf.keras, tf.keras.layers
folder = sys.argv[1]
tf.keras.utils.set_random_seed(7)


def unit(x, conv, activation=True):
    x = layers.BatchNormalization()(conv(x))
    return layers.ReLU(6.0)(x) if activation else x


def block(x, channels, stride, grow):
    y = unit(x, layers.Conv2D(x.shape[-1] * grow, 1, use_bias=False))
    if stride == 2:
        y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
    padding = 'same' if stride == 1 else 'valid'
    y = unit(y, layers.DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False))
    y = unit(y, layers.Conv2D(channels, 1, use_bias=False), activation=False)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y


image = keras.Input((32, 32, 3), name='image')
x = unit(image, layers.Conv2D(8, 3, strides=2, padding='same', use_bias=False))
for channels, stride in [(8, 1), (12, 2), (12, 1), (20, 2), (20, 1)]:
    x = block(x, channels, stride, 3)
# Squeeze and excitation, and a dense layer over what was flattened: both read the order of channels.
s = layers.GlobalAveragePooling2D(keepdims=True)(x)
s = layers.Conv2D(20, 1, activation='sigmoid')(layers.Conv2D(6, 1, activation='relu')(s))
x = layers.Multiply()([x, s])
x = layers.Conv2D(6, 1, activation='elu')(x)
x = layers.Dense(24, activation='relu')(layers.Flatten()(x))
model = keras.Model(image, layers.Dense(10, activation='softmax', name='classes')(x))

for layer in model.layers:
    if isinstance(layer, layers.BatchNormalization):
        size = layer.gamma.shape
        random = np.random.RandomState(size[0])
        draws = [(0.7, 1.3), (-0.2, 0.2), (-0.2, 0.2), (0.5, 1.5)]
        layer.set_weights([random.uniform(low, high, size) for low, high in draws])

tf.saved_model.save(model, folder + '/saved')
converter.convert_tf_saved_model(folder + '/saved', folder, quantization_dtype_map={'float16': '*'})
