"""The price of a diamond with its interval of 90 %, from the model in an ONNX file: python3 price.py diamonds.onnx"""

import sys

import numpy as np
import onnxruntime

numbers = {"carat": 0.7, "depth": 61.5, "table": 55.0, "x": 5.7, "y": 5.7, "z": 3.5}
texts = {"cut": "Ideal", "color": "E", "clarity": "VS1"}
row = {name: np.array([[number]]) for name, number in numbers.items()}
row |= {name: np.array([[text]], dtype=object) for name, text in texts.items()}

session = onnxruntime.InferenceSession(sys.argv[1])
outputs = session.run(["variable", "low", "high"], row)
print("{:.2f} ({:.2f} to {:.2f})".format(*(output.item() for output in outputs)))
