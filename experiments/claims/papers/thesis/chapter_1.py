"""Chapter 1: problem statement and introduction."""

SECTIONS = {
    "1.1 Introduction": "an outline; the contributions that it names are claims of chapters 3 to 7",
    "1.2 Perceptron: Minimal Unit in NNs": "definitions",
    "1.3 Multi-Layer Perceptrons (MLP)": "only its subsections",
    "1.3.1 Network Architecture": "definitions",
    "1.3.2 Back Propagation Algorithm": "definitions",
    "1.4 Convolutional Neural Networks (CNN)": "definitions",
}
