"""What passes through a few units: bottleneck networks and the embedding behind them (Chen 2017, chapter 4).

Time: quick under 2 minutes, paper about half an hour, both on two CPU cores.
"""
