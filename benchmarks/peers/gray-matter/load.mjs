// Loads a folder with gray-matter and better-sqlite3: node load.mjs CONTENT DATABASE
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import Database from 'better-sqlite3'
import matter from 'gray-matter'

const [content, path] = argv.slice(2)
const database = new Database(path)
database.pragma('journal_mode = WAL')
database.exec('CREATE TABLE articles (path TEXT PRIMARY KEY, title TEXT, excerpt TEXT, published TEXT, body TEXT)')
const insert = database.prepare('INSERT INTO articles VALUES (?, ?, ?, ?, ?)')

database.transaction(() => {
  for (const file of readdirSync(content, { recursive: true })) {
    if (!file.endsWith('.md')) continue
    // Options turn off the cache, which keeps every text in memory.
    const { data, content: body } = matter(readFileSync(join(content, file), 'utf8'), {})
    insert.run(file, data.title, data.excerpt, data.publishedDateTime.toISOString(), body)
  }
})()
console.log(database.prepare('SELECT count(*) FROM articles').pluck().get(), 'articles')
