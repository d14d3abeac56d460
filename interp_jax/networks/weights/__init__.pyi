from .loading import load_state as load_state
