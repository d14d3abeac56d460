"""Data as validated arrays: jump signals, image sets and price series."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "augmentation": ["augment_images", "center_crop", "standardize_images"],
        "balanced": ["first_per_class"],
        "cropping": ["crop_and_resize"],
        "images": ["Images", "load"],
        "prices": ["PriceSeries", "PriceWindows", "price_windows", "read_prices"],
        "scaling": ["Scaling", "fit_scaling"],
        "seasons": ["SEASONS", "seasonal_prices"],
        "signals": ["JumpSignals", "jump_signals", "sample_jump_signals"],
    },
)
