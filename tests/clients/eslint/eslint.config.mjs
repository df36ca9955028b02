// The rules of graphql-eslint for schemas, and for schemas that Relay's clients read.
import graphql from "@graphql-eslint/eslint-plugin";

// Values of the record, the page or the answer that they are in. An id is for what can be fetched again by it, and what
// Relay's cache keeps apart; one made up for these would promise a `node` that nobody could answer.
const values = {
  types: [
    "AdjacentArticles",
    "ArticleFacets",
    "Body",
    "ChangeSet",
    "ContentIssue",
    "Corpus",
    "CorpusChange",
    "Folder",
    "Heading",
    "Image",
    "Link",
    "NavigationItem",
    "PageInfo",
    "SimilarArticle",
    "Snippet",
    "SourceFile",
    "TextRange",
  ],
  suffixes: ["Connection", "Count", "Edge"],
};

const { "flat/schema-recommended": recommended, "flat/schema-relay": relay } = graphql.configs;

export default [
  {
    files: ["*.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...recommended.rules,
      ...relay.rules,
      "@graphql-eslint/strict-id-in-types": ["error", { exceptions: values }],
      // Short lists that come whole, such as an article's topics, are plain lists. That a list always be a connection is
      // a requirement of this rule only; Relay's specification requires edges only for pages.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
    },
  },
];
