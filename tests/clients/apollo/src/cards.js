// The documents of an application that sends only names.
import { gql } from "@apollo/client";

export const CARDS = gql`
  query Cards($first: Int!) {
    articles(first: $first, orderBy: [{ field: TITLE }]) {
      nodes {
        id
        ...Card
      }
    }
  }

  fragment Card on ContentItem {
    title
    provider {
      id
      name
    }
  }
`;
