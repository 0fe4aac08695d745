// Pictures of a run in the output of a notebook's cell.
import type { Workbench } from "../workbench";
import { outputOf } from "../notebooks";
import { editorSizes, type Gallery } from "./gallery";

/** The notebook in the workspace, whose output holds a saved run. */
export const notebookName = "saved";

export async function takeNotebook(workbench: Workbench, gallery: Gallery): Promise<void> {
  await workbench.closeAll();
  await workbench.openFile(`${notebookName}.ipynb`);
  await outputOf(workbench.page, ".banner").filter({ hasText: "Unstable" }).waitFor();
  await outputOf(workbench.page, ".chart canvas").first().waitFor();
  await gallery.alone("notebook", editorSizes);
  await workbench.closeAll();
}
