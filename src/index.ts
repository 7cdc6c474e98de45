/** The public names of Lockstep. */
export { ERROR_TABLE, type ErrorCode, LockstepError } from "./model/errors.ts";
export type { RoundOrder } from "./model/order.ts";
export type { Outcome, RemoteReport, RoundEvent, RoundReport } from "./model/report.ts";
export type { HostAddress, RoleAssignment } from "./model/role.ts";
export { createNode, type LockstepNode, type NodeOptions, VERSION } from "./node.ts";
export type { ControlStation, Delivery, HostStatus } from "./roles/control-station.ts";
export { createControlStation, type RunningControlStation } from "./station.ts";
