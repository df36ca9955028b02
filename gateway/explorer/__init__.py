"""The pages for people: GraphiQL over the API. It answers no query itself."""
