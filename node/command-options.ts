/** What every command of the control station takes. */
export interface StationOptions {
  readonly data: string;
  readonly fleet: string;
  readonly json?: boolean;
}

export interface RoundOptions extends StationOptions {
  readonly class?: string;
}

export interface NodeCommandOptions {
  readonly data?: string;
  readonly root?: string[];
  readonly listen?: string[];
  readonly control?: string[];
  readonly config?: string;
  readonly durability?: "full" | "none";
  readonly limitRate?: string;
  readonly json?: boolean;
}
