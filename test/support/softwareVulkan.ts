// A GPU that is none: Chromium's SwiftShader, a driver for Vulkan on the processor, on which WebGPU runs where a machine has no other.
import { existsSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { chromiumPath } from "../e2e/workbench";
import { temporary } from "./runs";

const loader = "libvulkan.so.1";
const driver = "vk_swiftshader_icd.json";

/** The environment in which a process finds the driver, or null where there is no such Chromium. */
export function softwareVulkan(): Record<string, string> | null {
  if (process.platform !== "linux" || process.arch !== "x64" || !existsSync(chromiumPath)) return null;
  // Debian starts it by a script elsewhere.
  const places = [dirname(realpathSync(chromiumPath)), "/usr/lib/chromium"];
  const place = places.find((one) => [loader, driver].every((file) => existsSync(join(one, file))));
  if (!place) return null;
  // Nothing else of Chromium's libraries.
  const libraries = temporary();
  symlinkSync(join(place, loader), join(libraries, loader));
  const file = join(place, driver);
  return { LD_LIBRARY_PATH: libraries, VK_ICD_FILENAMES: file, VK_DRIVER_FILES: file };
}
