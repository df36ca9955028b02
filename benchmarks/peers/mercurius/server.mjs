// Serves a database with Fastify, Mercurius and better-sqlite3: node server.mjs DATABASE
import { argv } from 'node:process'
import Database from 'better-sqlite3'
import Fastify from 'fastify'
import mercurius from 'mercurius'

const schema = `
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

const resolvers = {
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

// A loader of the row that each object refers to with the column.
function one (sql, column) {
  const statement = database.prepare(sql)
  return async queries => {
    const keys = queries.map(({ obj }) => obj[column])
    const rows = new Map(statement.all(JSON.stringify(keys)).map(row => [row.key, row]))
    return keys.map(key => rows.get(key))
  }
}

// A loader of the rows whose column `owner` is the key of each object.
function many (sql) {
  const statement = database.prepare(sql)
  return async queries => {
    const lists = new Map(queries.map(({ obj }) => [obj.key, []]))
    for (const row of statement.all(JSON.stringify([...lists.keys()]))) lists.get(row.owner).push(row)
    return queries.map(({ obj }) => lists.get(obj.key))
  }
}

const KEYS = '(SELECT value FROM json_each(?))'
const providers = one(`SELECT * FROM providers WHERE key IN ${KEYS}`, 'providerKey')

const loaders = {
  Article: {
    provider: providers,
    topics: many(
      'SELECT articleKey AS owner, name FROM article_topic JOIN topics ON key = topicKey' +
      ` WHERE articleKey IN ${KEYS} ORDER BY articleKey, position`
    ),
    images: many(`SELECT articleKey AS owner, url, width FROM images WHERE articleKey IN ${KEYS} ORDER BY key`),
    related: many(
      'SELECT articleKey AS owner, key, title, publishedDateTime, webUrl, providerKey FROM related' +
      ` WHERE articleKey IN ${KEYS} ORDER BY key`
    )
  },
  Related: {
    provider: providers,
    images: many(`SELECT relatedKey AS owner, url, width FROM images WHERE relatedKey IN ${KEYS} ORDER BY key`)
  }
}

const app = Fastify()
await app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
console.log('Listening on', await app.listen({ host: '127.0.0.1', port: 0 }))
