// Pictures of what stands between the lines of a file, and of the view in the bottom panel.
import { fileOf } from "../experiments";
import type { Workbench } from "../workbench";
import { editorSizes, type Gallery } from "./gallery";

export async function takeInline(workbench: Workbench, gallery: Gallery): Promise<void> {
  const file = fileOf("tooFast");
  await gallery.run(file);
  await workbench.lens(/latest run/).waitFor();
  // Beside the panel, as Run leaves it.
  await workbench.lens("Sharpness against its limit").click();
  await workbench.inlinePanel.getByText("Unstable").first().waitFor();
  await workbench.command("View: Close Primary Side Bar");
  await gallery.inEveryTheme(() => gallery.shot("inline-beside-panel"));
  await workbench.closeAll();
  await workbench.openFile(file);
  await workbench.inlinePanel.getByText("Unstable").first().waitFor();
  await gallery.alone("inline", editorSizes);
  await workbench.command("Basin: Focus on Current Run View");
  await workbench.currentRun().banner.filter({ hasText: "Unstable" }).waitFor();
  await gallery.alone("current", editorSizes);
  await workbench.openFile(fileOf("steady"));
  await gallery.alone("current-none", editorSizes);
  await workbench.command("View: Hide Panel");
}
