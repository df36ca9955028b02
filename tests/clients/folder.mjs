// The folder that a server serves, for scripts that change what is in it.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function served(folder) {
  const write = (path, title) => writeFileSync(join(folder, path), `---\ntitle: ${title}\n---\n`);
  const remove = (path) => rmSync(join(folder, path));

  /** The first event that a subscriber to a file is told. The server may not listen yet: the file changes until it does. */
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
