export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly ancestorTitles: readonly string[]; readonly title: string }[];
  }[];
}
export const noServerHere: string;
export const missingServers: (report: Report) => Map<string, Map<string, number>>;
export const missingLines: (missing: Map<string, Map<string, number>>, root: string) => string[];
