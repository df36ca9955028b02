// The schema of the peers, and the queries of the rows that they resolve.
import { argv } from 'node:process'
import Database from 'better-sqlite3'

export const schema = `
  scalar DateTime
  input DateTimeFilter { lt: DateTime }
  input ListFilter { anyOf: [String!] }
  input ArticleFilter { publishedDateTime: DateTimeFilter, topics: ListFilter }
  enum SearchField { TITLE TOPICS EXCERPT PROVIDER BODY }
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
  type ArticleConnection { nodes: [Article!]!, totalCount: Int! }
  type TopicCount { count: Int!, topic: Topic! }
  type ProviderCount { count: Int!, provider: Provider! }
  type ArticleFacets {
    topics(first: Int = 20, excludeOwnFilter: Boolean): [TopicCount!]!
    providers(first: Int = 20): [ProviderCount!]!
  }
  type Query {
    article(id: ID!): Article
    articles(first: Int = 20, offset: Int = 0, filter: ArticleFilter): ArticleConnection!
    provider(id: ID!): Provider
    facets(filter: ArticleFilter): ArticleFacets!
    search(query: String!, in: [SearchField!]!, first: Int = 20): ArticleConnection!
  }
`

const database = new Database(argv[2], { readonly: true })

// A statement for a text, prepared once.
const statements = new Map()
function prepared (sql) {
  if (!statements.has(sql)) statements.set(sql, database.prepare(sql))
  return statements.get(sql)
}

const NEWEST = 'ORDER BY publishedDateTime DESC, path LIMIT ? OFFSET ?'
const MATCHES = 'FROM words JOIN articles ON key = words.rowid WHERE words MATCH ?'

// The conditions of a filter, and their parameters.
function where (filter) {
  const conditions = []
  const parameters = []
  if (filter?.publishedDateTime?.lt) {
    conditions.push('publishedDateTime < ?')
    parameters.push(filter.publishedDateTime.lt)
  }
  if (filter?.topics?.anyOf) {
    conditions.push(
      'articles.key IN (SELECT articleKey FROM article_topic JOIN topics ON topics.key = topicKey' +
      ' WHERE name IN (SELECT value FROM json_each(?)))'
    )
    parameters.push(JSON.stringify(filter.topics.anyOf))
  }
  return { sql: conditions.length ? `WHERE ${conditions.join(' AND ')}` : '', parameters }
}

// The words of a text, all of which must be in some columns. The last one may be incomplete.
function matching (text, fields) {
  const words = text.split(' ').map(word => `"${word.replaceAll('"', '""')}"`)
  return `{${fields.join(' ')}} : (${words.join(' AND ')} *)`
}

export const resolvers = {
  Query: {
    article: (_, { id }) => prepared('SELECT * FROM articles WHERE id = ?').get(id),
    articles: (_, { first, offset, filter }) => {
      const { sql, parameters } = where(filter)
      return {
        nodes: () => prepared(`SELECT * FROM articles ${sql} ${NEWEST}`).all(...parameters, first, offset),
        totalCount: () => prepared(`SELECT count(*) AS count FROM articles ${sql}`).get(...parameters).count
      }
    },
    provider: (_, { id }) => prepared('SELECT * FROM providers WHERE id = ?').get(id),
    facets: (_, { filter }) => where(filter),
    search: (_, { query, in: fields, first }) => {
      const match = matching(query, fields)
      return {
        nodes: () => prepared(`SELECT articles.* ${MATCHES} ORDER BY rank LIMIT ?`).all(match, first),
        totalCount: () => prepared('SELECT count(*) AS count FROM words WHERE words MATCH ?').get(match).count
      }
    }
  },
  ArticleConnection: {
    nodes: ({ nodes }) => nodes(),
    totalCount: ({ totalCount }) => totalCount()
  },
  ArticleFacets: {
    topics: ({ sql, parameters }, { first }) => prepared(
      'SELECT count(*) AS count, name FROM articles JOIN article_topic ON articleKey = articles.key' +
      ` JOIN topics ON topics.key = topicKey ${sql} GROUP BY topicKey ORDER BY count DESC, name LIMIT ?`
    ).all(...parameters, first).map(({ count, ...topic }) => ({ count, topic })),
    providers: ({ sql, parameters }, { first }) => prepared(
      'SELECT count(*) AS count, providers.* FROM articles JOIN providers ON providers.key = providerKey' +
      ` ${sql} GROUP BY providerKey ORDER BY count DESC, name LIMIT ?`
    ).all(...parameters, first).map(({ count, ...provider }) => ({ count, provider }))
  },
  Provider: {
    articles: ({ key }, { first, offset }) => ({
      nodes: () => prepared(`SELECT * FROM articles WHERE providerKey = ? ${NEWEST}`).all(key, first, offset),
      totalCount: () => prepared('SELECT count(*) AS count FROM articles WHERE providerKey = ?').get(key).count
    })
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
