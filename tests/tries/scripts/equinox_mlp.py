"""An Equinox MLP, which takes single rows: by which rules does its last hidden layer decide?"""

import equinox
import jax
import optax
from sklearn.datasets import load_digits

images, labels = load_digits(n_class=4, return_X_y=True)
images = (images[:400] / 16).astype("float32")
labels = labels[:400]

model = equinox.nn.MLP(64, 4, 12, 2, key=jax.random.key(0))
optimizer = optax.adam(1e-2)
state = optimizer.init(equinox.filter(model, equinox.is_array))


@equinox.filter_jit
def step(model, state):
    @equinox.filter_grad
    def gradient(model):
        return optax.softmax_cross_entropy_with_integer_labels(jax.vmap(model)(images), labels).mean()

    updates, state = optimizer.update(gradient(model), state)
    return equinox.apply_updates(model, updates), state


for _ in range(60):
    model, state = step(model, state)

# Own code.
from interp_jax import methods, networks

network = networks.freeze(model, batched=False)
predictions = networks.apply(network, images).argmax(axis=1)
head, tail = networks.split(model, at="layers[1]", inputs=images, batched=False)
options = {"key": jax.random.key(0), "ids": 4, "draws": 1, "finalists": 1, "trees": 3}
explainer = methods.cnn_inte.fit(images[:300], head(images[:300]), predictions[:300], **options)
fidelity = explainer.fidelity(images[300:], predictions[300:])
print(explainer, fidelity)
print(explainer.explain(images[300]))
