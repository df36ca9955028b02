"""The GraphQL schema over snapshots of the store: its types, their arguments, and the dataloaders behind them."""
