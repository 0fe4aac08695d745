// The commit a run belongs to, out of repositories that try to run something.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { gitState } from "../../../src/run/gitState";

function repository() {
  const folder = mkdtempSync(join(tmpdir(), "basin-git-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  git("init", "-q");
  writeFileSync(join(folder, "a.txt"), "a\n");
  git("add", ".");
  git("commit", "-qm", "first");
  return { folder, git, commit: git("rev-parse", "HEAD").trim() };
}

test("tells the commit and whether tracked files differ from it", async () => {
  const { folder, commit } = repository();
  expect(await gitState(folder)).toEqual({ commit, dirty: false });
  writeFileSync(join(folder, "untracked"), "");
  expect(await gitState(folder)).toEqual({ commit, dirty: false });
  writeFileSync(join(folder, "a.txt"), "b\n");
  expect(await gitState(folder)).toEqual({ commit, dirty: true });
});

test("is null where there is no repository", async () => {
  const folder = mkdtempSync(join(tmpdir(), "basin-git-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  expect(await gitState(folder)).toBeNull();
});

test("nothing that a repository configures is run, and nothing in it is written", async () => {
  const { folder, git } = repository();
  const marker = join(folder, "..", `${folder.split("/").at(-1)}-marker`);
  onTestFinished(() => rmSync(marker, { force: true }));
  const evil = join(folder, "evil.sh");
  writeFileSync(evil, `#!/bin/sh\ntouch ${marker}\ncat\n`);
  chmodSync(evil, 0o755);
  writeFileSync(join(folder, ".gitattributes"), "*.txt filter=evil diff=evil\n");
  git("add", ".gitattributes");
  git("commit", "-qm", "attributes");
  for (const key of [
    "core.fsmonitor",
    "filter.evil.clean",
    "filter.evil.smudge",
    "diff.external",
    "diff.evil.textconv",
  ])
    git("config", key, evil);
  for (const key of ["core.pager", "core.sshCommand", "core.askPass", "core.editor", "gpg.program"])
    git("config", key, evil);
  mkdirSync(join(folder, ".git", "hooks"), { recursive: true });
  for (const hook of ["post-index-change", "fsmonitor-watchman", "reference-transaction"]) {
    writeFileSync(join(folder, ".git", "hooks", hook), `#!/bin/sh\ntouch ${marker}\n`);
    chmodSync(join(folder, ".git", "hooks", hook), 0o755);
  }
  // A file whose times changed is read again, through the filter.
  writeFileSync(join(folder, "a.txt"), "a\n");
  utimesSync(join(folder, "a.txt"), 1, 1);
  // The trap works: plain git springs it.
  git("status", "--porcelain");
  expect(existsSync(marker)).toBe(true);
  rmSync(marker);
  utimesSync(join(folder, "a.txt"), 2, 2);
  const before = readdirSync(join(folder, ".git"));
  expect(await gitState(folder)).toMatchObject({ dirty: false });
  expect(existsSync(marker)).toBe(false);
  expect(readdirSync(join(folder, ".git"))).toEqual(before);
});

test.skipIf(process.platform === "win32")("a program in the repository is not taken for git", async () => {
  const { folder, commit } = repository();
  writeFileSync(join(folder, "git"), "#!/bin/sh\ntouch ran\n", { mode: 0o755 });
  const { PATH } = process.env;
  onTestFinished(() => void (process.env.PATH = PATH));
  process.env.PATH = `.:${PATH}`;
  // The trap works.
  execFileSync("git", ["status"], { cwd: folder });
  expect(existsSync(join(folder, "ran"))).toBe(true);
  rmSync(join(folder, "ran"));
  expect(await gitState(folder)).toEqual({ commit, dirty: false });
  expect(existsSync(join(folder, "ran"))).toBe(false);
});
