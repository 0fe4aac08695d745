// The host's half of one map: reads the file's sweep and its runs, tells the page what changed, and does what is clicked there.
import * as vscode from "vscode";
import { extended } from "../../protocol/extending";
import { parseJsonSource } from "../../protocol/jsonSource";
import { axesOf, type Axis } from "../../protocol/sweep";
import { sweepMapOf, type SweepCell, type SweepMap } from "../../record/sweepMap";
import { decodeFromMap, encodeToMap, type FromMap, type ToMap } from "../../record/sweepMapMessages";
import { commandIds } from "../commands/ids";
import { Disposables } from "../disposables";
import { openText } from "../language/openOptions";
import { messageOf } from "../messageOf";
import { servePage } from "../panel/servePage";
import { addPoints, runPoint } from "./sweepPoints";
import type { MapServices } from "./sweepMaps";

export class SweepMapPage {
  private readonly own = new Disposables();
  private ready = false;
  private keys: readonly string[] = [];
  /** What the page shows. */
  private told: SweepMap | undefined;
  private frame = "";
  /** One after another: an answer may wait for an edit. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly webview: vscode.Webview,
    private readonly uri: vscode.Uri,
    private readonly services: MapServices,
  ) {
    const { runs } = services;
    this.own.own(runs.onDidChange(() => this.refresh()));
    this.own.own(vscode.workspace.onDidGrantWorkspaceTrust(() => this.refresh()));
    this.own.own(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.toString() === uri.toString()) this.refresh();
      }),
    );
    this.own.own(
      servePage(webview, services, {
        page: "sweepMap",
        name: "Sweep map",
        data: { file: uri.toString() },
        decode: decodeFromMap,
        receive: (message) => this.inTurn(message),
      }),
    );
  }

  /** VS Code throws a hidden page away: until it says again that it is ready nothing is told to it. */
  hidden(): void {
    this.ready = false;
    this.told = undefined;
    this.frame = "";
  }

  private inTurn(message: FromMap): Promise<void> {
    const done = this.last.then(() => this.receive(message));
    this.last = done.catch(() => undefined);
    return done;
  }

  private async receive(message: FromMap): Promise<void> {
    switch (message.kind) {
      case "ready":
        this.ready = true;
        this.frame = "";
        await this.services.runs.refresh();
        return this.tell();
      case "axes":
        this.keys = message.keys;
        return this.tell();
      case "cell":
        return this.openCell(message);
      case "add": {
        this.needAction();
        const added = await addPoints(this.services, this.uri, message, await this.axes());
        if (added) await this.tell();
        return;
      }
      case "export":
        await vscode.commands.executeCommand(commandIds.exportRuns, this.uri);
        return;
      case "openFile":
        await vscode.window.showTextDocument(this.uri, { viewColumn: vscode.ViewColumn.Beside });
    }
  }

  /** Its run in the panel; a point without one is run. */
  private async openCell({ x, y }: Pick<SweepCell, "x" | "y">): Promise<void> {
    const map = this.told;
    const cell = map?.cells.find((one) => one.x === x && one.y === y);
    if (!map || !cell) return;
    if (cell.run !== null) {
      await vscode.commands.executeCommand(commandIds.openPanel, { run: cell.run });
      return;
    }
    this.needAction();
    await runPoint(this.services, this.uri, map, cell);
  }

  private needAction(): void {
    if (!vscode.workspace.isTrusted)
      throw new Error("in an untrusted workspace nothing is run, stopped or written.");
  }

  private refresh(): void {
    if (this.ready)
      this.tell().catch((error: unknown) => this.services.log.error(`Sweep map: ${messageOf(error)}`));
  }

  /** The sweep of the file as it is being edited, with what it extends. */
  private async axes(): Promise<readonly Axis[]> {
    const document = await vscode.workspace.openTextDocument(this.uri);
    const file = this.uri.fsPath;
    const { value } = extended(parseJsonSource(document.getText(), file), file, openText);
    return value === undefined ? [] : axesOf(value);
  }

  private async tell(): Promise<void> {
    const { runs } = this.services;
    let axes: readonly Axis[];
    try {
      axes = await this.axes();
    } catch (error) {
      return this.none(messageOf(error));
    }
    if (axes.length === 0)
      return this.none(
        'The file has no sweep: give it one, e.g. "sweep": { "optimizer.learningRate": [0.1, 0.2] }.',
      );
    const own = runs.of(this.uri.fsPath);
    const map = sweepMapOf(axes, own, this.keys);
    const mayRun = vscode.workspace.isTrusted;
    const { cells, ...rest } = map;
    const frame = JSON.stringify([rest, mayRun]);
    const before = this.told;
    this.told = map;
    if (frame !== this.frame || !before) {
      this.frame = frame;
      const name = own[0]?.info.experiment.name ?? this.uri.path.slice(this.uri.path.lastIndexOf("/") + 1);
      return this.post({ kind: "map", map, name, mayRun });
    }
    const changed = cells.filter((cell, i) => JSON.stringify(cell) !== JSON.stringify(before.cells[i]));
    if (changed.length > 0) this.post({ kind: "cells", cells: changed });
  }

  private none(why: string): void {
    this.told = undefined;
    if (this.frame === why) return;
    this.frame = why;
    this.post({ kind: "none", why });
  }

  private post(message: ToMap): void {
    if (this.ready) void this.webview.postMessage(encodeToMap(message));
  }

  dispose(): void {
    this.hidden();
    this.own.dispose();
  }
}
