"""A PyTorch module by torchax: which inputs drive each class, and which inputs count?"""

import sklearn.datasets
import torch

images, labels = sklearn.datasets.load_digits(n_class=4, return_X_y=True)
images = (images[:400] / 16).astype("float32")
labels = labels[:400]

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 12), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(12, 4))
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
for _ in range(60):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(torch.from_numpy(images)), torch.from_numpy(labels)).backward()
    optimizer.step()

# Own code.
import functools

import numpy as np
import torchax

from interp_jax import methods, networks

weights, function = torchax.extract_jax(model.eval())
network = networks.freeze(functools.partial(lambda weights, x: function(weights, (x,)), weights))
target = np.asarray(network(images)).argmax(axis=1)
maps = methods.attribution.integrated_gradients(network, images, target, nodes=8)
climbing = {"objective": "log_probability", "threshold": 0.99, "steps": 100, "rate": 1.0}
climbed = methods.ascent.maximize(network, np.zeros((4, 64), np.float32), np.arange(4), **climbing)
print(climbed, np.abs(maps).mean(axis=0).reshape(8, 8).round(2), sep="\n")
