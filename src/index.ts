/** The public names of Lockstep. */
export { ERROR_TABLE, type ErrorCode, LockstepError } from "./model/errors.ts";
export type { RoundOrder } from "./model/order.ts";
export type { Outcome, RemoteReport, RoundEvent, RoundReport } from "./model/report.ts";
export type { HostAddress, RoleAssignment } from "./model/role.ts";
export {
  createControlStation,
  createNode,
  type LockstepNode,
  type NodeOptions,
  type RunningControlStation,
  VERSION,
} from "./node.ts";
