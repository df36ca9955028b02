// The schema of the peers, and the queries of the rows that they resolve.
import { argv } from 'node:process'
import Database from 'better-sqlite3'

export const schema = `
  scalar DateTime
  input DateTimeFilter { lt: DateTime }
  input ArticleFilter { publishedDateTime: DateTimeFilter }
  type Image { url: String! width: Int }
  type Topic { name: String! }
  type Provider {
    id: ID!
    name: String!
    domain: String
    articles(first: Int = 20, offset: Int = 0): ArticleConnection!
  }
  type Related {
    title: String!
    publishedDateTime: DateTime
    webUrl: String
    provider: Provider
    images: [Image!]!
  }
  type Article {
    id: ID!
    title: String!
    excerpt: String
    publishedDateTime: DateTime
    webUrl: String
    provider: Provider
    topics: [Topic!]!
    images: [Image!]!
    related: [Related!]!
  }
  type ArticleConnection { nodes: [Article!]! }
  type Query {
    article(id: ID!): Article
    articles(first: Int = 20, offset: Int = 0, filter: ArticleFilter): ArticleConnection!
    provider(id: ID!): Provider
  }
`

const database = new Database(argv[2], { readonly: true })
const article = database.prepare('SELECT * FROM articles WHERE id = ?')
const articles = database.prepare('SELECT * FROM articles ORDER BY publishedDateTime DESC, path LIMIT ? OFFSET ?')
const articlesBefore = database.prepare(
  'SELECT * FROM articles WHERE publishedDateTime < ? ORDER BY publishedDateTime DESC, path LIMIT ? OFFSET ?'
)
const provider = database.prepare('SELECT * FROM providers WHERE id = ?')
const articlesOfProvider = database.prepare(
  'SELECT * FROM articles WHERE providerKey = ? ORDER BY publishedDateTime DESC, path LIMIT ? OFFSET ?'
)

export const resolvers = {
  Query: {
    article: (_, { id }) => article.get(id),
    articles: (_, { first, offset, filter }) => {
      const before = filter?.publishedDateTime?.lt
      return { nodes: before ? articlesBefore.all(before, first, offset) : articles.all(first, offset) }
    },
    provider: (_, { id }) => provider.get(id)
  },
  Provider: {
    articles: ({ key }, { first, offset }) => ({ nodes: articlesOfProvider.all(key, first, offset) })
  }
}

// A function of keys: the row of each.
function rows (sql) {
  const statement = database.prepare(sql)
  return keys => {
    const found = new Map(statement.all(JSON.stringify(keys)).map(row => [row.key, row]))
    return keys.map(key => found.get(key))
  }
}

// A function of keys: the rows whose column `owner` is each.
function lists (sql) {
  const statement = database.prepare(sql)
  return keys => {
    const found = new Map(keys.map(key => [key, []]))
    for (const row of statement.all(JSON.stringify(keys))) found.get(row.owner).push(row)
    return keys.map(key => found.get(key))
  }
}

const KEYS = '(SELECT value FROM json_each(?))'

export const providers = rows(`SELECT * FROM providers WHERE key IN ${KEYS}`)
export const topics = lists(
  'SELECT articleKey AS owner, name FROM article_topic JOIN topics ON key = topicKey' +
  ` WHERE articleKey IN ${KEYS} ORDER BY articleKey, position`
)
export const images = lists(
  `SELECT articleKey AS owner, url, width FROM images WHERE articleKey IN ${KEYS} ORDER BY key`
)
export const related = lists(
  'SELECT articleKey AS owner, key, title, publishedDateTime, webUrl, providerKey FROM related' +
  ` WHERE articleKey IN ${KEYS} ORDER BY key`
)
export const relatedImages = lists(
  `SELECT relatedKey AS owner, url, width FROM images WHERE relatedKey IN ${KEYS} ORDER BY key`
)
