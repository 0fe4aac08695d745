// Pictures of the dashboard: beside a flagged run, with what was typed refused, and of a file without a run.
import { fileOf } from "../experiments";
import type { Workbench } from "../workbench";
import { editorSizes, type Gallery } from "./gallery";

export async function takeDashboard(workbench: Workbench, gallery: Gallery): Promise<void> {
  const dashboard = workbench.dashboard();
  const open = async (file: string) => {
    await workbench.closeAll();
    await workbench.openFile(file);
    await workbench.titleAction("Open Dashboard").click();
    await dashboard.field("optimizer.learningRate").waitFor();
  };
  await gallery.run(fileOf("tooFast"));
  await workbench.lens(/latest run/).waitFor();
  await open(fileOf("tooFast"));
  await dashboard.banner.filter({ hasText: "Unstable" }).waitFor();
  await dashboard.picture("sharpness");
  await gallery.alone("dashboard", editorSizes);
  const rate = dashboard.control("optimizer.learningRate");
  await rate.fill("-1");
  await rate.press("Enter");
  await dashboard.field("optimizer.learningRate").locator(".problems").waitFor();
  await gallery.inEveryTheme(() => gallery.shot("dashboard-refused"));
  await open(fileOf("bothTooFast"));
  await dashboard.find(".nothing").waitFor();
  await gallery.alone("dashboard-none", editorSizes);
}
