// Style sheets as text, for the one entry that puts them into a shadow of its own (esbuild.mjs).
declare module "*.css" {
  const text: string;
  export default text;
}
