"""Published numbers: Yan & Feng, ICLR 2018 submission, Tables 1 to 4, three runs for each class 0 to 9."""

import numpy as np

# Numbers of units, then holding rates in tenths of a per cent; three damaged digits were inferred from context.
_TABLES = {
    ("mnist", "max1"): """
        11 11 12  11 13 13  17 15 15  12 12 14  13 14 14  14 14 14  9 9 10  15 13 14  16 15 16  15 14 16
        997 995 997  995 997 996  997 996 993  994 997 994  996 992 997
        996 996 994  993 994 994  998 996 996  995 996 997  996 994 993""",
    ("mnist", "max2"): """
        12 12 13  12 11 12  12 10 12  15 16 16  17 17 15  15 15 14  12 13 12  14 13 12  16 17 18  13 15 15
        996 997 996  995 996 995  995 994 994  992 995 994  996 995 995
        995 995 994  995 996 995  997 997 995  994 992 994  993 995 994""",
    ("cifar10", "max1"): """
        47 45 45  42 42 41  52 54 53  50 48 51  48 50 50  46 46 47  44 43 43  43 44 42  41 44 42  44 42 44
        952 950 951  969 978 974  954 962 956  940 930 955  965 958 964
        946 942 951  963 958 958  953 947 955  970 965 967  968 962 970""",
    ("cifar10", "max2"): """
        46 43 44  30 31 32  44 47 45  51 49 50  40 39 39  46 46 46  41 38 38  41 40 40  35 34 34  35 34 34
        973 970 975  972 976 979  966 975 970  963 948 965  966 966 968
        970 967 966  972 972 973  975 966 967  977 970 971  973 971 963""",
}
# Tables 2 and 4, both layers gated together, three runs: holding rate in tenths of a per cent, max1, max2.
JOINT = {
    ("mnist", 0): ((994, 14, 14), (992, 11, 13), (992, 14, 12)),
    ("mnist", 1): ((993, 13, 16), (994, 13, 12), (994, 14, 12)),
    ("mnist", 8): ((992, 21, 17), (994, 25, 24), (993, 21, 20)),
    ("cifar10", 0): ((934, 42, 47), (927, 41, 44), (941, 47, 43)),
    ("cifar10", 1): ((965, 46, 39), (960, 44, 39), (953, 41, 36)),
    ("cifar10", 2): ((930, 47, 46), (932, 52, 48), (935, 48, 51)),
}
ACCURACY = {"mnist": 0.992, "cifar10": 0.865}


def tables(data: str, layer: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Published numbers of units and holding rates, [classes, runs], or None where the paper has no table."""
    if (data, layer) not in _TABLES:
        return None
    units, rates = np.array(_TABLES[data, layer].split(), float).reshape(2, 10, 3)
    return units, rates / 1000
