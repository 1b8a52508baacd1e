"""How good scores and likelihood ratios are: measures, their intervals, and the curves behind them."""
