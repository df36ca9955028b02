"""The GraphQL layer over store snapshots: types, arguments, resolvers and dataloaders."""
