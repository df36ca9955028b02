// The content folder of the server, for scripts that change its files.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function served(folder) {
  const write = (path, title) => writeFileSync(join(folder, path), `---\ntitle: ${title}\n---\n`);
  const remove = (path) => rmSync(join(folder, path));

  /** The first event of a subscription to a file. The file changes until the server has subscribed. */
  async function begin(events, path) {
    let count = 0;
    const writing = setInterval(() => write(path, `Draft ${(count += 1)}`), 200);
    try {
      return (await events.next()).value;
    } finally {
      clearInterval(writing);
    }
  }

  return { begin, remove, write };
}
