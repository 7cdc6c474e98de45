/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface HostAddressMessage {
  name: string
  peer: string
  addresses: string[]
}

export namespace HostAddressMessage {
  let _codec: Codec<HostAddressMessage>

  export const codec = (): Codec<HostAddressMessage> => {
    if (_codec == null) {
      _codec = message<HostAddressMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(18)
          w.string(obj.peer)
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(26)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          peer: '',
          addresses: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.peer = reader.string()
              break
            }
            case 3: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addresses: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 3: {
              if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              yield {
                field: `${prefix}.addresses[]`,
                index: obj.addresses,
                value: reader.string()
              }

              obj.addresses++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HostAddressMessageNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface HostAddressMessagePeerFieldEvent {
    field: '$.peer'
    value: string
  }

  export interface HostAddressMessageAddressesFieldEvent {
    field: '$.addresses[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<HostAddressMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HostAddressMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HostAddressMessage>): HostAddressMessage {
    return decodeMessage(buf, HostAddressMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HostAddressMessage>): Generator<HostAddressMessageNameFieldEvent | HostAddressMessagePeerFieldEvent | HostAddressMessageAddressesFieldEvent> {
    return streamMessage(buf, HostAddressMessage.codec(), opts)
  }
}

export interface RoleAssignmentMessage {
  root: string
  epoch: number
  master: string
  comparison: string[]
  remotes: string[]
  hosts: HostAddressMessage[]
}

export namespace RoleAssignmentMessage {
  let _codec: Codec<RoleAssignmentMessage>

  export const codec = (): Codec<RoleAssignmentMessage> => {
    if (_codec == null) {
      _codec = message<RoleAssignmentMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.root != null && obj.root !== '')) {
          w.uint32(10)
          w.string(obj.root)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if ((obj.master != null && obj.master !== '')) {
          w.uint32(26)
          w.string(obj.master)
        }

        if (obj.comparison != null && obj.comparison.length > 0) {
          for (const value of obj.comparison) {
            w.uint32(34)
            w.string(value)
          }
        }

        if (obj.remotes != null && obj.remotes.length > 0) {
          for (const value of obj.remotes) {
            w.uint32(42)
            w.string(value)
          }
        }

        if (obj.hosts != null && obj.hosts.length > 0) {
          for (const value of obj.hosts) {
            w.uint32(50)
            HostAddressMessage.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          root: '',
          epoch: 0,
          master: '',
          comparison: [],
          remotes: [],
          hosts: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.root = reader.string()
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            case 3: {
              obj.master = reader.string()
              break
            }
            case 4: {
              if (opts.limits?.comparison != null && obj.comparison.length === opts.limits.comparison) {
                throw new MaxLengthError('Decode error - repeated field "comparison" had too many elements')
              }

              obj.comparison.push(reader.string())
              break
            }
            case 5: {
              if (opts.limits?.remotes != null && obj.remotes.length === opts.limits.remotes) {
                throw new MaxLengthError('Decode error - repeated field "remotes" had too many elements')
              }

              obj.remotes.push(reader.string())
              break
            }
            case 6: {
              if (opts.limits?.hosts != null && obj.hosts.length === opts.limits.hosts) {
                throw new MaxLengthError('Decode error - repeated field "hosts" had too many elements')
              }

              obj.hosts.push(HostAddressMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.hosts$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          comparison: 0,
          remotes: 0,
          hosts: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.root`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.master`,
                value: reader.string()
              }
              break
            }
            case 4: {
              if (opts.limits?.comparison != null && obj.comparison === opts.limits.comparison) {
                throw new MaxLengthError('Streaming decode error - repeated field "comparison" had too many elements')
              }

              yield {
                field: `${prefix}.comparison[]`,
                index: obj.comparison,
                value: reader.string()
              }

              obj.comparison++

              break
            }
            case 5: {
              if (opts.limits?.remotes != null && obj.remotes === opts.limits.remotes) {
                throw new MaxLengthError('Streaming decode error - repeated field "remotes" had too many elements')
              }

              yield {
                field: `${prefix}.remotes[]`,
                index: obj.remotes,
                value: reader.string()
              }

              obj.remotes++

              break
            }
            case 6: {
              if (opts.limits?.hosts != null && obj.hosts === opts.limits.hosts) {
                throw new MaxLengthError('Streaming decode error - repeated field "hosts" had too many elements')
              }

              for (const evt of HostAddressMessage.codec().stream(reader, reader.uint32(), `${prefix}.hosts[]`, {
                limits: opts.limits?.hosts$
              })) {
                yield {
                  ...evt,
                  index: obj.hosts
                }
              }

              obj.hosts++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RoleAssignmentMessageRootFieldEvent {
    field: '$.root'
    value: string
  }

  export interface RoleAssignmentMessageEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface RoleAssignmentMessageMasterFieldEvent {
    field: '$.master'
    value: string
  }

  export interface RoleAssignmentMessageComparisonFieldEvent {
    field: '$.comparison[]'
    index: number
    value: string
  }

  export interface RoleAssignmentMessageRemotesFieldEvent {
    field: '$.remotes[]'
    index: number
    value: string
  }

  export interface RoleAssignmentMessageHostsNameFieldEvent {
    field: '$.hosts[].name'
    value: string
    index: number
  }

  export interface RoleAssignmentMessageHostsPeerFieldEvent {
    field: '$.hosts[].peer'
    value: string
    index: number
  }

  export interface RoleAssignmentMessageHostsAddressesFieldEvent {
    field: '$.hosts[].addresses[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<RoleAssignmentMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RoleAssignmentMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoleAssignmentMessage>): RoleAssignmentMessage {
    return decodeMessage(buf, RoleAssignmentMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoleAssignmentMessage>): Generator<RoleAssignmentMessageRootFieldEvent | RoleAssignmentMessageEpochFieldEvent | RoleAssignmentMessageMasterFieldEvent | RoleAssignmentMessageComparisonFieldEvent | RoleAssignmentMessageRemotesFieldEvent | RoleAssignmentMessageHostsNameFieldEvent | RoleAssignmentMessageHostsPeerFieldEvent | RoleAssignmentMessageHostsAddressesFieldEvent> {
    return streamMessage(buf, RoleAssignmentMessage.codec(), opts)
  }
}

export interface BoundMessage {
  op: string
  value: number
}

export namespace BoundMessage {
  let _codec: Codec<BoundMessage>

  export const codec = (): Codec<BoundMessage> => {
    if (_codec == null) {
      _codec = message<BoundMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.op != null && obj.op !== '')) {
          w.uint32(10)
          w.string(obj.op)
        }

        if ((obj.value != null && obj.value !== 0)) {
          w.uint32(17)
          w.double(obj.value)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          op: '',
          value: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.op = reader.string()
              break
            }
            case 2: {
              obj.value = reader.double()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.op`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.value`,
                value: reader.double()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BoundMessageOpFieldEvent {
    field: '$.op'
    value: string
  }

  export interface BoundMessageValueFieldEvent {
    field: '$.value'
    value: number
  }

  export function encode (obj: Partial<BoundMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BoundMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BoundMessage>): BoundMessage {
    return decodeMessage(buf, BoundMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BoundMessage>): Generator<BoundMessageOpFieldEvent | BoundMessageValueFieldEvent> {
    return streamMessage(buf, BoundMessage.codec(), opts)
  }
}

export interface ClassificationMessage {
  include: string[]
  exclude: string[]
  types: string[]
  size?: BoundMessage
  age?: BoundMessage
}

export namespace ClassificationMessage {
  let _codec: Codec<ClassificationMessage>

  export const codec = (): Codec<ClassificationMessage> => {
    if (_codec == null) {
      _codec = message<ClassificationMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.include != null && obj.include.length > 0) {
          for (const value of obj.include) {
            w.uint32(10)
            w.string(value)
          }
        }

        if (obj.exclude != null && obj.exclude.length > 0) {
          for (const value of obj.exclude) {
            w.uint32(18)
            w.string(value)
          }
        }

        if (obj.types != null && obj.types.length > 0) {
          for (const value of obj.types) {
            w.uint32(26)
            w.string(value)
          }
        }

        if (obj.size != null) {
          w.uint32(34)
          BoundMessage.codec().encode(obj.size, w)
        }

        if (obj.age != null) {
          w.uint32(42)
          BoundMessage.codec().encode(obj.age, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          include: [],
          exclude: [],
          types: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.include != null && obj.include.length === opts.limits.include) {
                throw new MaxLengthError('Decode error - repeated field "include" had too many elements')
              }

              obj.include.push(reader.string())
              break
            }
            case 2: {
              if (opts.limits?.exclude != null && obj.exclude.length === opts.limits.exclude) {
                throw new MaxLengthError('Decode error - repeated field "exclude" had too many elements')
              }

              obj.exclude.push(reader.string())
              break
            }
            case 3: {
              if (opts.limits?.types != null && obj.types.length === opts.limits.types) {
                throw new MaxLengthError('Decode error - repeated field "types" had too many elements')
              }

              obj.types.push(reader.string())
              break
            }
            case 4: {
              obj.size = BoundMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.size
              })
              break
            }
            case 5: {
              obj.age = BoundMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.age
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          include: 0,
          exclude: 0,
          types: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.include != null && obj.include === opts.limits.include) {
                throw new MaxLengthError('Streaming decode error - repeated field "include" had too many elements')
              }

              yield {
                field: `${prefix}.include[]`,
                index: obj.include,
                value: reader.string()
              }

              obj.include++

              break
            }
            case 2: {
              if (opts.limits?.exclude != null && obj.exclude === opts.limits.exclude) {
                throw new MaxLengthError('Streaming decode error - repeated field "exclude" had too many elements')
              }

              yield {
                field: `${prefix}.exclude[]`,
                index: obj.exclude,
                value: reader.string()
              }

              obj.exclude++

              break
            }
            case 3: {
              if (opts.limits?.types != null && obj.types === opts.limits.types) {
                throw new MaxLengthError('Streaming decode error - repeated field "types" had too many elements')
              }

              yield {
                field: `${prefix}.types[]`,
                index: obj.types,
                value: reader.string()
              }

              obj.types++

              break
            }
            case 4: {
              yield * BoundMessage.codec().stream(reader, reader.uint32(), `${prefix}.size`, {
                limits: opts.limits?.size
              })

              break
            }
            case 5: {
              yield * BoundMessage.codec().stream(reader, reader.uint32(), `${prefix}.age`, {
                limits: opts.limits?.age
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ClassificationMessageIncludeFieldEvent {
    field: '$.include[]'
    index: number
    value: string
  }

  export interface ClassificationMessageExcludeFieldEvent {
    field: '$.exclude[]'
    index: number
    value: string
  }

  export interface ClassificationMessageTypesFieldEvent {
    field: '$.types[]'
    index: number
    value: string
  }

  export interface ClassificationMessageSizeOpFieldEvent {
    field: '$.size.op'
    value: string
  }

  export interface ClassificationMessageSizeValueFieldEvent {
    field: '$.size.value'
    value: number
  }

  export interface ClassificationMessageAgeOpFieldEvent {
    field: '$.age.op'
    value: string
  }

  export interface ClassificationMessageAgeValueFieldEvent {
    field: '$.age.value'
    value: number
  }

  export function encode (obj: Partial<ClassificationMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ClassificationMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ClassificationMessage>): ClassificationMessage {
    return decodeMessage(buf, ClassificationMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ClassificationMessage>): Generator<ClassificationMessageIncludeFieldEvent | ClassificationMessageExcludeFieldEvent | ClassificationMessageTypesFieldEvent | ClassificationMessageSizeOpFieldEvent | ClassificationMessageSizeValueFieldEvent | ClassificationMessageAgeOpFieldEvent | ClassificationMessageAgeValueFieldEvent> {
    return streamMessage(buf, ClassificationMessage.codec(), opts)
  }
}

export interface RoundOrderMessage {
  root: string
  epoch: number
  sequence: number
  mode: string
  className?: string
  classification?: ClassificationMessage
  now: number
  delete: boolean
  maxDelete: number
  maxDeletePercent: boolean
  hold: string
  expiry: number
  compress: boolean
  holdFallback: string
  blockBytes: number
  blockPaths: number
}

export namespace RoundOrderMessage {
  let _codec: Codec<RoundOrderMessage>

  export const codec = (): Codec<RoundOrderMessage> => {
    if (_codec == null) {
      _codec = message<RoundOrderMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.root != null && obj.root !== '')) {
          w.uint32(10)
          w.string(obj.root)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if ((obj.mode != null && obj.mode !== '')) {
          w.uint32(34)
          w.string(obj.mode)
        }

        if (obj.className != null) {
          w.uint32(42)
          w.string(obj.className)
        }

        if (obj.classification != null) {
          w.uint32(50)
          ClassificationMessage.codec().encode(obj.classification, w)
        }

        if ((obj.now != null && obj.now !== 0)) {
          w.uint32(56)
          w.uint64Number(obj.now)
        }

        if ((obj.delete != null && obj.delete !== false)) {
          w.uint32(64)
          w.bool(obj.delete)
        }

        if ((obj.maxDelete != null && obj.maxDelete !== 0)) {
          w.uint32(73)
          w.double(obj.maxDelete)
        }

        if ((obj.maxDeletePercent != null && obj.maxDeletePercent !== false)) {
          w.uint32(80)
          w.bool(obj.maxDeletePercent)
        }

        if ((obj.hold != null && obj.hold !== '')) {
          w.uint32(90)
          w.string(obj.hold)
        }

        if ((obj.expiry != null && obj.expiry !== 0)) {
          w.uint32(96)
          w.uint64Number(obj.expiry)
        }

        if ((obj.compress != null && obj.compress !== false)) {
          w.uint32(104)
          w.bool(obj.compress)
        }

        if ((obj.holdFallback != null && obj.holdFallback !== '')) {
          w.uint32(114)
          w.string(obj.holdFallback)
        }

        if ((obj.blockBytes != null && obj.blockBytes !== 0)) {
          w.uint32(120)
          w.uint64Number(obj.blockBytes)
        }

        if ((obj.blockPaths != null && obj.blockPaths !== 0)) {
          w.uint32(128)
          w.uint32(obj.blockPaths)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          root: '',
          epoch: 0,
          sequence: 0,
          mode: '',
          now: 0,
          delete: false,
          maxDelete: 0,
          maxDeletePercent: false,
          hold: '',
          expiry: 0,
          compress: false,
          holdFallback: '',
          blockBytes: 0,
          blockPaths: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.root = reader.string()
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              obj.mode = reader.string()
              break
            }
            case 5: {
              obj.className = reader.string()
              break
            }
            case 6: {
              obj.classification = ClassificationMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.classification
              })
              break
            }
            case 7: {
              obj.now = reader.uint64Number()
              break
            }
            case 8: {
              obj.delete = reader.bool()
              break
            }
            case 9: {
              obj.maxDelete = reader.double()
              break
            }
            case 10: {
              obj.maxDeletePercent = reader.bool()
              break
            }
            case 11: {
              obj.hold = reader.string()
              break
            }
            case 12: {
              obj.expiry = reader.uint64Number()
              break
            }
            case 13: {
              obj.compress = reader.bool()
              break
            }
            case 14: {
              obj.holdFallback = reader.string()
              break
            }
            case 15: {
              obj.blockBytes = reader.uint64Number()
              break
            }
            case 16: {
              obj.blockPaths = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.root`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.mode`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.className`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield * ClassificationMessage.codec().stream(reader, reader.uint32(), `${prefix}.classification`, {
                limits: opts.limits?.classification
              })

              break
            }
            case 7: {
              yield {
                field: `${prefix}.now`,
                value: reader.uint64Number()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.delete`,
                value: reader.bool()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.maxDelete`,
                value: reader.double()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.maxDeletePercent`,
                value: reader.bool()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.hold`,
                value: reader.string()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.expiry`,
                value: reader.uint64Number()
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.compress`,
                value: reader.bool()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.holdFallback`,
                value: reader.string()
              }
              break
            }
            case 15: {
              yield {
                field: `${prefix}.blockBytes`,
                value: reader.uint64Number()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.blockPaths`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RoundOrderMessageRootFieldEvent {
    field: '$.root'
    value: string
  }

  export interface RoundOrderMessageEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface RoundOrderMessageSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface RoundOrderMessageModeFieldEvent {
    field: '$.mode'
    value: string
  }

  export interface RoundOrderMessageClassNameFieldEvent {
    field: '$.className'
    value: string
  }

  export interface RoundOrderMessageClassificationIncludeFieldEvent {
    field: '$.classification.include[]'
    index: number
    value: string
  }

  export interface RoundOrderMessageClassificationExcludeFieldEvent {
    field: '$.classification.exclude[]'
    index: number
    value: string
  }

  export interface RoundOrderMessageClassificationTypesFieldEvent {
    field: '$.classification.types[]'
    index: number
    value: string
  }

  export interface RoundOrderMessageClassificationSizeOpFieldEvent {
    field: '$.classification.size.op'
    value: string
  }

  export interface RoundOrderMessageClassificationSizeValueFieldEvent {
    field: '$.classification.size.value'
    value: number
  }

  export interface RoundOrderMessageClassificationAgeOpFieldEvent {
    field: '$.classification.age.op'
    value: string
  }

  export interface RoundOrderMessageClassificationAgeValueFieldEvent {
    field: '$.classification.age.value'
    value: number
  }

  export interface RoundOrderMessageNowFieldEvent {
    field: '$.now'
    value: number
  }

  export interface RoundOrderMessageDeleteFieldEvent {
    field: '$.delete'
    value: boolean
  }

  export interface RoundOrderMessageMaxDeleteFieldEvent {
    field: '$.maxDelete'
    value: number
  }

  export interface RoundOrderMessageMaxDeletePercentFieldEvent {
    field: '$.maxDeletePercent'
    value: boolean
  }

  export interface RoundOrderMessageHoldFieldEvent {
    field: '$.hold'
    value: string
  }

  export interface RoundOrderMessageExpiryFieldEvent {
    field: '$.expiry'
    value: number
  }

  export interface RoundOrderMessageCompressFieldEvent {
    field: '$.compress'
    value: boolean
  }

  export interface RoundOrderMessageHoldFallbackFieldEvent {
    field: '$.holdFallback'
    value: string
  }

  export interface RoundOrderMessageBlockBytesFieldEvent {
    field: '$.blockBytes'
    value: number
  }

  export interface RoundOrderMessageBlockPathsFieldEvent {
    field: '$.blockPaths'
    value: number
  }

  export function encode (obj: Partial<RoundOrderMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RoundOrderMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundOrderMessage>): RoundOrderMessage {
    return decodeMessage(buf, RoundOrderMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundOrderMessage>): Generator<RoundOrderMessageRootFieldEvent | RoundOrderMessageEpochFieldEvent | RoundOrderMessageSequenceFieldEvent | RoundOrderMessageModeFieldEvent | RoundOrderMessageClassNameFieldEvent | RoundOrderMessageClassificationIncludeFieldEvent | RoundOrderMessageClassificationExcludeFieldEvent | RoundOrderMessageClassificationTypesFieldEvent | RoundOrderMessageClassificationSizeOpFieldEvent | RoundOrderMessageClassificationSizeValueFieldEvent | RoundOrderMessageClassificationAgeOpFieldEvent | RoundOrderMessageClassificationAgeValueFieldEvent | RoundOrderMessageNowFieldEvent | RoundOrderMessageDeleteFieldEvent | RoundOrderMessageMaxDeleteFieldEvent | RoundOrderMessageMaxDeletePercentFieldEvent | RoundOrderMessageHoldFieldEvent | RoundOrderMessageExpiryFieldEvent | RoundOrderMessageCompressFieldEvent | RoundOrderMessageHoldFallbackFieldEvent | RoundOrderMessageBlockBytesFieldEvent | RoundOrderMessageBlockPathsFieldEvent> {
    return streamMessage(buf, RoundOrderMessage.codec(), opts)
  }
}

export interface ListStatementMessage {
  round?: RoundMessage
  listRoot: Uint8Array<ArrayBuffer>
}

export namespace ListStatementMessage {
  let _codec: Codec<ListStatementMessage>

  export const codec = (): Codec<ListStatementMessage> => {
    if (_codec == null) {
      _codec = message<ListStatementMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.round != null) {
          w.uint32(10)
          RoundMessage.codec().encode(obj.round, w)
        }

        if ((obj.listRoot != null && obj.listRoot.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.listRoot)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          listRoot: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.round = RoundMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.round
              })
              break
            }
            case 2: {
              obj.listRoot = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * RoundMessage.codec().stream(reader, reader.uint32(), `${prefix}.round`, {
                limits: opts.limits?.round
              })

              break
            }
            case 2: {
              yield {
                field: `${prefix}.listRoot`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ListStatementMessageRoundRootFieldEvent {
    field: '$.round.root'
    value: string
  }

  export interface ListStatementMessageRoundEpochFieldEvent {
    field: '$.round.epoch'
    value: number
  }

  export interface ListStatementMessageRoundSequenceFieldEvent {
    field: '$.round.sequence'
    value: number
  }

  export interface ListStatementMessageRoundTermFieldEvent {
    field: '$.round.term'
    value: number
  }

  export interface ListStatementMessageListRootFieldEvent {
    field: '$.listRoot'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ListStatementMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ListStatementMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListStatementMessage>): ListStatementMessage {
    return decodeMessage(buf, ListStatementMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListStatementMessage>): Generator<ListStatementMessageRoundRootFieldEvent | ListStatementMessageRoundEpochFieldEvent | ListStatementMessageRoundSequenceFieldEvent | ListStatementMessageRoundTermFieldEvent | ListStatementMessageListRootFieldEvent> {
    return streamMessage(buf, ListStatementMessage.codec(), opts)
  }
}

export interface RoundMessage {
  root: string
  epoch: number
  sequence: number
  term: number
}

export namespace RoundMessage {
  let _codec: Codec<RoundMessage>

  export const codec = (): Codec<RoundMessage> => {
    if (_codec == null) {
      _codec = message<RoundMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.root != null && obj.root !== '')) {
          w.uint32(10)
          w.string(obj.root)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if ((obj.term != null && obj.term !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.term)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          root: '',
          epoch: 0,
          sequence: 0,
          term: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.root = reader.string()
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              obj.term = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.root`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.term`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RoundMessageRootFieldEvent {
    field: '$.root'
    value: string
  }

  export interface RoundMessageEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface RoundMessageSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface RoundMessageTermFieldEvent {
    field: '$.term'
    value: number
  }

  export function encode (obj: Partial<RoundMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RoundMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundMessage>): RoundMessage {
    return decodeMessage(buf, RoundMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundMessage>): Generator<RoundMessageRootFieldEvent | RoundMessageEpochFieldEvent | RoundMessageSequenceFieldEvent | RoundMessageTermFieldEvent> {
    return streamMessage(buf, RoundMessage.codec(), opts)
  }
}

export interface ProblemMessage {
  path: Uint8Array<ArrayBuffer>
  code: string
  message: string
}

export namespace ProblemMessage {
  let _codec: Codec<ProblemMessage>

  export const codec = (): Codec<ProblemMessage> => {
    if (_codec == null) {
      _codec = message<ProblemMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.path)
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(18)
          w.string(obj.code)
        }

        if ((obj.message != null && obj.message !== '')) {
          w.uint32(26)
          w.string(obj.message)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: uint8ArrayAlloc(0),
          code: '',
          message: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.bytes()
              break
            }
            case 2: {
              obj.code = reader.string()
              break
            }
            case 3: {
              obj.message = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.message`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ProblemMessagePathFieldEvent {
    field: '$.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ProblemMessageCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface ProblemMessageMessageFieldEvent {
    field: '$.message'
    value: string
  }

  export function encode (obj: Partial<ProblemMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ProblemMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProblemMessage>): ProblemMessage {
    return decodeMessage(buf, ProblemMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProblemMessage>): Generator<ProblemMessagePathFieldEvent | ProblemMessageCodeFieldEvent | ProblemMessageMessageFieldEvent> {
    return streamMessage(buf, ProblemMessage.codec(), opts)
  }
}

export interface CountsMessage {
  created: number
  updated: number
  deleted: number
  attributes: number
}

export namespace CountsMessage {
  let _codec: Codec<CountsMessage>

  export const codec = (): Codec<CountsMessage> => {
    if (_codec == null) {
      _codec = message<CountsMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.created != null && obj.created !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.created)
        }

        if ((obj.updated != null && obj.updated !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.updated)
        }

        if ((obj.deleted != null && obj.deleted !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.deleted)
        }

        if ((obj.attributes != null && obj.attributes !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.attributes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          created: 0,
          updated: 0,
          deleted: 0,
          attributes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.created = reader.uint64Number()
              break
            }
            case 2: {
              obj.updated = reader.uint64Number()
              break
            }
            case 3: {
              obj.deleted = reader.uint64Number()
              break
            }
            case 4: {
              obj.attributes = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.created`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.updated`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.deleted`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.attributes`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CountsMessageCreatedFieldEvent {
    field: '$.created'
    value: number
  }

  export interface CountsMessageUpdatedFieldEvent {
    field: '$.updated'
    value: number
  }

  export interface CountsMessageDeletedFieldEvent {
    field: '$.deleted'
    value: number
  }

  export interface CountsMessageAttributesFieldEvent {
    field: '$.attributes'
    value: number
  }

  export function encode (obj: Partial<CountsMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CountsMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CountsMessage>): CountsMessage {
    return decodeMessage(buf, CountsMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CountsMessage>): Generator<CountsMessageCreatedFieldEvent | CountsMessageUpdatedFieldEvent | CountsMessageDeletedFieldEvent | CountsMessageAttributesFieldEvent> {
    return streamMessage(buf, CountsMessage.codec(), opts)
  }
}

export interface RoundRequest {
  id: number
  round?: RoundMessage
  begin?: BeginRequest
  list?: ListRequest
  nodes?: NodesRequest
  batches?: BatchesRequest
  lookup?: LookupRequest
  checksums?: ChecksumsRequest
  state?: StateRequest
  prepare?: PrepareRequest
  stage?: StageRequestMessage
  commit?: CommitRequest
  delete?: DeleteRequest
  finish?: FinishRequest
  end?: EndRequest
  ping?: PingRequest
  check?: CheckRequest
  renew?: RenewRequest
  release?: ReleaseRequest
  holes?: HolesRequest
}

export namespace RoundRequest {
  let _codec: Codec<RoundRequest>

  export const codec = (): Codec<RoundRequest> => {
    if (_codec == null) {
      _codec = message<RoundRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.holes != null) {
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.release != null) {
          obj.holes = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.renew != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.check != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.ping != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.end != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.finish != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.delete != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.commit != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.stage != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.prepare != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.state != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.checksums != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.lookup != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.batches != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.nodes != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.list != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.begin = undefined
        }

        if (obj.begin != null) {
          obj.holes = undefined
          obj.release = undefined
          obj.renew = undefined
          obj.check = undefined
          obj.ping = undefined
          obj.end = undefined
          obj.finish = undefined
          obj.delete = undefined
          obj.commit = undefined
          obj.stage = undefined
          obj.prepare = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if (obj.round != null) {
          w.uint32(18)
          RoundMessage.codec().encode(obj.round, w)
        }

        if (obj.begin != null) {
          w.uint32(26)
          BeginRequest.codec().encode(obj.begin, w)
        }

        if (obj.list != null) {
          w.uint32(34)
          ListRequest.codec().encode(obj.list, w)
        }

        if (obj.nodes != null) {
          w.uint32(42)
          NodesRequest.codec().encode(obj.nodes, w)
        }

        if (obj.batches != null) {
          w.uint32(50)
          BatchesRequest.codec().encode(obj.batches, w)
        }

        if (obj.lookup != null) {
          w.uint32(58)
          LookupRequest.codec().encode(obj.lookup, w)
        }

        if (obj.checksums != null) {
          w.uint32(66)
          ChecksumsRequest.codec().encode(obj.checksums, w)
        }

        if (obj.state != null) {
          w.uint32(74)
          StateRequest.codec().encode(obj.state, w)
        }

        if (obj.prepare != null) {
          w.uint32(82)
          PrepareRequest.codec().encode(obj.prepare, w)
        }

        if (obj.stage != null) {
          w.uint32(90)
          StageRequestMessage.codec().encode(obj.stage, w)
        }

        if (obj.commit != null) {
          w.uint32(98)
          CommitRequest.codec().encode(obj.commit, w)
        }

        if (obj.delete != null) {
          w.uint32(106)
          DeleteRequest.codec().encode(obj.delete, w)
        }

        if (obj.finish != null) {
          w.uint32(114)
          FinishRequest.codec().encode(obj.finish, w)
        }

        if (obj.end != null) {
          w.uint32(122)
          EndRequest.codec().encode(obj.end, w)
        }

        if (obj.ping != null) {
          w.uint32(130)
          PingRequest.codec().encode(obj.ping, w)
        }

        if (obj.check != null) {
          w.uint32(138)
          CheckRequest.codec().encode(obj.check, w)
        }

        if (obj.renew != null) {
          w.uint32(146)
          RenewRequest.codec().encode(obj.renew, w)
        }

        if (obj.release != null) {
          w.uint32(154)
          ReleaseRequest.codec().encode(obj.release, w)
        }

        if (obj.holes != null) {
          w.uint32(162)
          HolesRequest.codec().encode(obj.holes, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.round = RoundMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.round
              })
              break
            }
            case 3: {
              obj.begin = BeginRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.begin
              })
              break
            }
            case 4: {
              obj.list = ListRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.list
              })
              break
            }
            case 5: {
              obj.nodes = NodesRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.nodes
              })
              break
            }
            case 6: {
              obj.batches = BatchesRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.batches
              })
              break
            }
            case 7: {
              obj.lookup = LookupRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.lookup
              })
              break
            }
            case 8: {
              obj.checksums = ChecksumsRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.checksums
              })
              break
            }
            case 9: {
              obj.state = StateRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.state
              })
              break
            }
            case 10: {
              obj.prepare = PrepareRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.prepare
              })
              break
            }
            case 11: {
              obj.stage = StageRequestMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.stage
              })
              break
            }
            case 12: {
              obj.commit = CommitRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.commit
              })
              break
            }
            case 13: {
              obj.delete = DeleteRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.delete
              })
              break
            }
            case 14: {
              obj.finish = FinishRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.finish
              })
              break
            }
            case 15: {
              obj.end = EndRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.end
              })
              break
            }
            case 16: {
              obj.ping = PingRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ping
              })
              break
            }
            case 17: {
              obj.check = CheckRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.check
              })
              break
            }
            case 18: {
              obj.renew = RenewRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.renew
              })
              break
            }
            case 19: {
              obj.release = ReleaseRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.release
              })
              break
            }
            case 20: {
              obj.holes = HolesRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.holes
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.holes != null) {
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.release != null) {
          delete obj.holes
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.renew != null) {
          delete obj.holes
          delete obj.release
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.check != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.ping != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.end != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.finish != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.delete != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.commit != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.stage != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.prepare != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.state != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.checksums != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.lookup != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.batches != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.nodes != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.list
          delete obj.begin
        }

        if (obj.list != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.begin
        }

        if (obj.begin != null) {
          delete obj.holes
          delete obj.release
          delete obj.renew
          delete obj.check
          delete obj.ping
          delete obj.end
          delete obj.finish
          delete obj.delete
          delete obj.commit
          delete obj.stage
          delete obj.prepare
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield * RoundMessage.codec().stream(reader, reader.uint32(), `${prefix}.round`, {
                limits: opts.limits?.round
              })

              break
            }
            case 3: {
              yield * BeginRequest.codec().stream(reader, reader.uint32(), `${prefix}.begin`, {
                limits: opts.limits?.begin
              })

              break
            }
            case 4: {
              yield * ListRequest.codec().stream(reader, reader.uint32(), `${prefix}.list`, {
                limits: opts.limits?.list
              })

              break
            }
            case 5: {
              yield * NodesRequest.codec().stream(reader, reader.uint32(), `${prefix}.nodes`, {
                limits: opts.limits?.nodes
              })

              break
            }
            case 6: {
              yield * BatchesRequest.codec().stream(reader, reader.uint32(), `${prefix}.batches`, {
                limits: opts.limits?.batches
              })

              break
            }
            case 7: {
              yield * LookupRequest.codec().stream(reader, reader.uint32(), `${prefix}.lookup`, {
                limits: opts.limits?.lookup
              })

              break
            }
            case 8: {
              yield * ChecksumsRequest.codec().stream(reader, reader.uint32(), `${prefix}.checksums`, {
                limits: opts.limits?.checksums
              })

              break
            }
            case 9: {
              yield * StateRequest.codec().stream(reader, reader.uint32(), `${prefix}.state`, {
                limits: opts.limits?.state
              })

              break
            }
            case 10: {
              yield * PrepareRequest.codec().stream(reader, reader.uint32(), `${prefix}.prepare`, {
                limits: opts.limits?.prepare
              })

              break
            }
            case 11: {
              yield * StageRequestMessage.codec().stream(reader, reader.uint32(), `${prefix}.stage`, {
                limits: opts.limits?.stage
              })

              break
            }
            case 12: {
              yield * CommitRequest.codec().stream(reader, reader.uint32(), `${prefix}.commit`, {
                limits: opts.limits?.commit
              })

              break
            }
            case 13: {
              yield * DeleteRequest.codec().stream(reader, reader.uint32(), `${prefix}.delete`, {
                limits: opts.limits?.delete
              })

              break
            }
            case 14: {
              yield * FinishRequest.codec().stream(reader, reader.uint32(), `${prefix}.finish`, {
                limits: opts.limits?.finish
              })

              break
            }
            case 15: {
              yield * EndRequest.codec().stream(reader, reader.uint32(), `${prefix}.end`, {
                limits: opts.limits?.end
              })

              break
            }
            case 16: {
              yield * PingRequest.codec().stream(reader, reader.uint32(), `${prefix}.ping`, {
                limits: opts.limits?.ping
              })

              break
            }
            case 17: {
              yield * CheckRequest.codec().stream(reader, reader.uint32(), `${prefix}.check`, {
                limits: opts.limits?.check
              })

              break
            }
            case 18: {
              yield * RenewRequest.codec().stream(reader, reader.uint32(), `${prefix}.renew`, {
                limits: opts.limits?.renew
              })

              break
            }
            case 19: {
              yield * ReleaseRequest.codec().stream(reader, reader.uint32(), `${prefix}.release`, {
                limits: opts.limits?.release
              })

              break
            }
            case 20: {
              yield * HolesRequest.codec().stream(reader, reader.uint32(), `${prefix}.holes`, {
                limits: opts.limits?.holes
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RoundRequestIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface RoundRequestRoundRootFieldEvent {
    field: '$.round.root'
    value: string
  }

  export interface RoundRequestRoundEpochFieldEvent {
    field: '$.round.epoch'
    value: number
  }

  export interface RoundRequestRoundSequenceFieldEvent {
    field: '$.round.sequence'
    value: number
  }

  export interface RoundRequestRoundTermFieldEvent {
    field: '$.round.term'
    value: number
  }

  export interface RoundRequestBeginAssignmentFieldEvent {
    field: '$.begin.assignment'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestBeginOrderFieldEvent {
    field: '$.begin.order'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestNodesLevelFieldEvent {
    field: '$.nodes.level'
    value: number
  }

  export interface RoundRequestNodesFirstFieldEvent {
    field: '$.nodes.first'
    value: number
  }

  export interface RoundRequestNodesCountFieldEvent {
    field: '$.nodes.count'
    value: number
  }

  export interface RoundRequestBatchesIndexesFieldEvent {
    field: '$.batches.indexes'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestLookupPathsFieldEvent {
    field: '$.lookup.paths'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestChecksumsGroupsFieldEvent {
    field: '$.checksums.groups'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestChecksumsEachFieldEvent {
    field: '$.checksums.each'
    value: boolean
  }

  export interface RoundRequestStateOrdinalsFieldEvent {
    field: '$.state.ordinals'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestStateAbsentFieldEvent {
    field: '$.state.absent'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestStateFetchedFieldEvent {
    field: '$.state.fetched'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestStatePackFieldEvent {
    field: '$.state.pack'
    value: boolean
  }

  export interface RoundRequestPrepareNewBytesFieldEvent {
    field: '$.prepare.newBytes'
    value: number
  }

  export interface RoundRequestPrepareReplacedBytesFieldEvent {
    field: '$.prepare.replacedBytes'
    value: number
  }

  export interface RoundRequestPrepareInFlightBytesFieldEvent {
    field: '$.prepare.inFlightBytes'
    value: number
  }

  export interface RoundRequestPrepareDeletionsFieldEvent {
    field: '$.prepare.deletions'
    value: number
  }

  export interface RoundRequestPrepareNeighboursFieldEvent {
    field: '$.prepare.neighbours[]'
    index: number
    value: string
  }

  export interface RoundRequestPreparePlaceFieldEvent {
    field: '$.prepare.place'
    value: number
  }

  export interface RoundRequestPreparePlacesFieldEvent {
    field: '$.prepare.places'
    value: number
  }

  export interface RoundRequestPrepareIsTrialFieldEvent {
    field: '$.prepare.isTrial'
    value: boolean
  }

  export interface RoundRequestStageBlockFieldEvent {
    field: '$.stage.block'
    value: number
  }

  export interface RoundRequestStageStatementFieldEvent {
    field: '$.stage.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestStageActionsFieldEvent {
    field: '$.stage.actions'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestStageIsPackedFieldEvent {
    field: '$.stage.isPacked'
    value: boolean
  }

  export interface RoundRequestCommitBlockFieldEvent {
    field: '$.commit.block'
    value: number
  }

  export interface RoundRequestDeleteStatementFieldEvent {
    field: '$.delete.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundRequestEndReportFieldEvent {
    field: '$.end.report'
    value: string
  }

  export interface RoundRequestCheckBlockFieldEvent {
    field: '$.check.block'
    value: number
  }

  export interface RoundRequestReleaseStatementFieldEvent {
    field: '$.release.statement'
    value: number
  }

  export interface RoundRequestHolesOrdinalsFieldEvent {
    field: '$.holes.ordinals'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<RoundRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RoundRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundRequest>): RoundRequest {
    return decodeMessage(buf, RoundRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundRequest>): Generator<RoundRequestIdFieldEvent | RoundRequestRoundRootFieldEvent | RoundRequestRoundEpochFieldEvent | RoundRequestRoundSequenceFieldEvent | RoundRequestRoundTermFieldEvent | RoundRequestBeginAssignmentFieldEvent | RoundRequestBeginOrderFieldEvent | RoundRequestNodesLevelFieldEvent | RoundRequestNodesFirstFieldEvent | RoundRequestNodesCountFieldEvent | RoundRequestBatchesIndexesFieldEvent | RoundRequestLookupPathsFieldEvent | RoundRequestChecksumsGroupsFieldEvent | RoundRequestChecksumsEachFieldEvent | RoundRequestStateOrdinalsFieldEvent | RoundRequestStateAbsentFieldEvent | RoundRequestStateFetchedFieldEvent | RoundRequestStatePackFieldEvent | RoundRequestPrepareNewBytesFieldEvent | RoundRequestPrepareReplacedBytesFieldEvent | RoundRequestPrepareInFlightBytesFieldEvent | RoundRequestPrepareDeletionsFieldEvent | RoundRequestPrepareNeighboursFieldEvent | RoundRequestPreparePlaceFieldEvent | RoundRequestPreparePlacesFieldEvent | RoundRequestPrepareIsTrialFieldEvent | RoundRequestStageBlockFieldEvent | RoundRequestStageStatementFieldEvent | RoundRequestStageActionsFieldEvent | RoundRequestStageIsPackedFieldEvent | RoundRequestCommitBlockFieldEvent | RoundRequestDeleteStatementFieldEvent | RoundRequestEndReportFieldEvent | RoundRequestCheckBlockFieldEvent | RoundRequestReleaseStatementFieldEvent | RoundRequestHolesOrdinalsFieldEvent> {
    return streamMessage(buf, RoundRequest.codec(), opts)
  }
}

export interface PingRequest {}

export namespace PingRequest {
  let _codec: Codec<PingRequest>

  export const codec = (): Codec<PingRequest> => {
    if (_codec == null) {
      _codec = message<PingRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<PingRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PingRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PingRequest>): PingRequest {
    return decodeMessage(buf, PingRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PingRequest>): Generator<{}> {
    return streamMessage(buf, PingRequest.codec(), opts)
  }
}

export interface BeginRequest {
  assignment: Uint8Array<ArrayBuffer>
  order: Uint8Array<ArrayBuffer>
}

export namespace BeginRequest {
  let _codec: Codec<BeginRequest>

  export const codec = (): Codec<BeginRequest> => {
    if (_codec == null) {
      _codec = message<BeginRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.assignment != null && obj.assignment.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.assignment)
        }

        if ((obj.order != null && obj.order.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.order)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          assignment: uint8ArrayAlloc(0),
          order: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.assignment = reader.bytes()
              break
            }
            case 2: {
              obj.order = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.assignment`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.order`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BeginRequestAssignmentFieldEvent {
    field: '$.assignment'
    value: Uint8Array<ArrayBuffer>
  }

  export interface BeginRequestOrderFieldEvent {
    field: '$.order'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BeginRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BeginRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BeginRequest>): BeginRequest {
    return decodeMessage(buf, BeginRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BeginRequest>): Generator<BeginRequestAssignmentFieldEvent | BeginRequestOrderFieldEvent> {
    return streamMessage(buf, BeginRequest.codec(), opts)
  }
}

export interface ListRequest {}

export namespace ListRequest {
  let _codec: Codec<ListRequest>

  export const codec = (): Codec<ListRequest> => {
    if (_codec == null) {
      _codec = message<ListRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<ListRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ListRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListRequest>): ListRequest {
    return decodeMessage(buf, ListRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListRequest>): Generator<{}> {
    return streamMessage(buf, ListRequest.codec(), opts)
  }
}

export interface NodesRequest {
  level: number
  first: number
  count: number
}

export namespace NodesRequest {
  let _codec: Codec<NodesRequest>

  export const codec = (): Codec<NodesRequest> => {
    if (_codec == null) {
      _codec = message<NodesRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.level != null && obj.level !== 0)) {
          w.uint32(8)
          w.uint32(obj.level)
        }

        if ((obj.first != null && obj.first !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.first)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(24)
          w.uint32(obj.count)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          level: 0,
          first: 0,
          count: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.level = reader.uint32()
              break
            }
            case 2: {
              obj.first = reader.uint64Number()
              break
            }
            case 3: {
              obj.count = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.level`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.first`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface NodesRequestLevelFieldEvent {
    field: '$.level'
    value: number
  }

  export interface NodesRequestFirstFieldEvent {
    field: '$.first'
    value: number
  }

  export interface NodesRequestCountFieldEvent {
    field: '$.count'
    value: number
  }

  export function encode (obj: Partial<NodesRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, NodesRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodesRequest>): NodesRequest {
    return decodeMessage(buf, NodesRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodesRequest>): Generator<NodesRequestLevelFieldEvent | NodesRequestFirstFieldEvent | NodesRequestCountFieldEvent> {
    return streamMessage(buf, NodesRequest.codec(), opts)
  }
}

export interface HolesRequest {
  ordinals: Uint8Array<ArrayBuffer>
}

export namespace HolesRequest {
  let _codec: Codec<HolesRequest>

  export const codec = (): Codec<HolesRequest> => {
    if (_codec == null) {
      _codec = message<HolesRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.ordinals != null && obj.ordinals.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.ordinals)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          ordinals: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.ordinals = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.ordinals`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HolesRequestOrdinalsFieldEvent {
    field: '$.ordinals'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<HolesRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HolesRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HolesRequest>): HolesRequest {
    return decodeMessage(buf, HolesRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HolesRequest>): Generator<HolesRequestOrdinalsFieldEvent> {
    return streamMessage(buf, HolesRequest.codec(), opts)
  }
}

export interface BatchesRequest {
  indexes: Uint8Array<ArrayBuffer>
}

export namespace BatchesRequest {
  let _codec: Codec<BatchesRequest>

  export const codec = (): Codec<BatchesRequest> => {
    if (_codec == null) {
      _codec = message<BatchesRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.indexes != null && obj.indexes.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.indexes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          indexes: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.indexes = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.indexes`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BatchesRequestIndexesFieldEvent {
    field: '$.indexes'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BatchesRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BatchesRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchesRequest>): BatchesRequest {
    return decodeMessage(buf, BatchesRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchesRequest>): Generator<BatchesRequestIndexesFieldEvent> {
    return streamMessage(buf, BatchesRequest.codec(), opts)
  }
}

export interface LookupRequest {
  paths: Uint8Array<ArrayBuffer>
}

export namespace LookupRequest {
  let _codec: Codec<LookupRequest>

  export const codec = (): Codec<LookupRequest> => {
    if (_codec == null) {
      _codec = message<LookupRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.paths != null && obj.paths.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.paths)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          paths: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.paths = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.paths`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface LookupRequestPathsFieldEvent {
    field: '$.paths'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<LookupRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, LookupRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LookupRequest>): LookupRequest {
    return decodeMessage(buf, LookupRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LookupRequest>): Generator<LookupRequestPathsFieldEvent> {
    return streamMessage(buf, LookupRequest.codec(), opts)
  }
}

export interface ChecksumsRequest {
  groups: Uint8Array<ArrayBuffer>
  each: boolean
}

export namespace ChecksumsRequest {
  let _codec: Codec<ChecksumsRequest>

  export const codec = (): Codec<ChecksumsRequest> => {
    if (_codec == null) {
      _codec = message<ChecksumsRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.groups != null && obj.groups.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.groups)
        }

        if ((obj.each != null && obj.each !== false)) {
          w.uint32(16)
          w.bool(obj.each)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          groups: uint8ArrayAlloc(0),
          each: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.groups = reader.bytes()
              break
            }
            case 2: {
              obj.each = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.groups`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.each`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ChecksumsRequestGroupsFieldEvent {
    field: '$.groups'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ChecksumsRequestEachFieldEvent {
    field: '$.each'
    value: boolean
  }

  export function encode (obj: Partial<ChecksumsRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ChecksumsRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChecksumsRequest>): ChecksumsRequest {
    return decodeMessage(buf, ChecksumsRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChecksumsRequest>): Generator<ChecksumsRequestGroupsFieldEvent | ChecksumsRequestEachFieldEvent> {
    return streamMessage(buf, ChecksumsRequest.codec(), opts)
  }
}

export interface StateRequest {
  ordinals: Uint8Array<ArrayBuffer>
  absent: Uint8Array<ArrayBuffer>
  fetched: Uint8Array<ArrayBuffer>
  pack: boolean
}

export namespace StateRequest {
  let _codec: Codec<StateRequest>

  export const codec = (): Codec<StateRequest> => {
    if (_codec == null) {
      _codec = message<StateRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.ordinals != null && obj.ordinals.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.ordinals)
        }

        if ((obj.absent != null && obj.absent.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.absent)
        }

        if ((obj.fetched != null && obj.fetched.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.fetched)
        }

        if ((obj.pack != null && obj.pack !== false)) {
          w.uint32(32)
          w.bool(obj.pack)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          ordinals: uint8ArrayAlloc(0),
          absent: uint8ArrayAlloc(0),
          fetched: uint8ArrayAlloc(0),
          pack: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.ordinals = reader.bytes()
              break
            }
            case 2: {
              obj.absent = reader.bytes()
              break
            }
            case 3: {
              obj.fetched = reader.bytes()
              break
            }
            case 4: {
              obj.pack = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.ordinals`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.absent`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.fetched`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.pack`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StateRequestOrdinalsFieldEvent {
    field: '$.ordinals'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StateRequestAbsentFieldEvent {
    field: '$.absent'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StateRequestFetchedFieldEvent {
    field: '$.fetched'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StateRequestPackFieldEvent {
    field: '$.pack'
    value: boolean
  }

  export function encode (obj: Partial<StateRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StateRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateRequest>): StateRequest {
    return decodeMessage(buf, StateRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateRequest>): Generator<StateRequestOrdinalsFieldEvent | StateRequestAbsentFieldEvent | StateRequestFetchedFieldEvent | StateRequestPackFieldEvent> {
    return streamMessage(buf, StateRequest.codec(), opts)
  }
}

export interface PrepareRequest {
  newBytes: number
  replacedBytes: number
  inFlightBytes: number
  deletions: number
  neighbours: string[]
  place: number
  places: number
  isTrial: boolean
}

export namespace PrepareRequest {
  let _codec: Codec<PrepareRequest>

  export const codec = (): Codec<PrepareRequest> => {
    if (_codec == null) {
      _codec = message<PrepareRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.newBytes != null && obj.newBytes !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.newBytes)
        }

        if ((obj.replacedBytes != null && obj.replacedBytes !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.replacedBytes)
        }

        if ((obj.inFlightBytes != null && obj.inFlightBytes !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.inFlightBytes)
        }

        if ((obj.deletions != null && obj.deletions !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.deletions)
        }

        if (obj.neighbours != null && obj.neighbours.length > 0) {
          for (const value of obj.neighbours) {
            w.uint32(42)
            w.string(value)
          }
        }

        if ((obj.place != null && obj.place !== 0)) {
          w.uint32(48)
          w.uint32(obj.place)
        }

        if ((obj.places != null && obj.places !== 0)) {
          w.uint32(56)
          w.uint32(obj.places)
        }

        if ((obj.isTrial != null && obj.isTrial !== false)) {
          w.uint32(64)
          w.bool(obj.isTrial)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          newBytes: 0,
          replacedBytes: 0,
          inFlightBytes: 0,
          deletions: 0,
          neighbours: [],
          place: 0,
          places: 0,
          isTrial: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.newBytes = reader.uint64Number()
              break
            }
            case 2: {
              obj.replacedBytes = reader.uint64Number()
              break
            }
            case 3: {
              obj.inFlightBytes = reader.uint64Number()
              break
            }
            case 4: {
              obj.deletions = reader.uint64Number()
              break
            }
            case 5: {
              if (opts.limits?.neighbours != null && obj.neighbours.length === opts.limits.neighbours) {
                throw new MaxLengthError('Decode error - repeated field "neighbours" had too many elements')
              }

              obj.neighbours.push(reader.string())
              break
            }
            case 6: {
              obj.place = reader.uint32()
              break
            }
            case 7: {
              obj.places = reader.uint32()
              break
            }
            case 8: {
              obj.isTrial = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          neighbours: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.newBytes`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.replacedBytes`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.inFlightBytes`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.deletions`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              if (opts.limits?.neighbours != null && obj.neighbours === opts.limits.neighbours) {
                throw new MaxLengthError('Streaming decode error - repeated field "neighbours" had too many elements')
              }

              yield {
                field: `${prefix}.neighbours[]`,
                index: obj.neighbours,
                value: reader.string()
              }

              obj.neighbours++

              break
            }
            case 6: {
              yield {
                field: `${prefix}.place`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.places`,
                value: reader.uint32()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.isTrial`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PrepareRequestNewBytesFieldEvent {
    field: '$.newBytes'
    value: number
  }

  export interface PrepareRequestReplacedBytesFieldEvent {
    field: '$.replacedBytes'
    value: number
  }

  export interface PrepareRequestInFlightBytesFieldEvent {
    field: '$.inFlightBytes'
    value: number
  }

  export interface PrepareRequestDeletionsFieldEvent {
    field: '$.deletions'
    value: number
  }

  export interface PrepareRequestNeighboursFieldEvent {
    field: '$.neighbours[]'
    index: number
    value: string
  }

  export interface PrepareRequestPlaceFieldEvent {
    field: '$.place'
    value: number
  }

  export interface PrepareRequestPlacesFieldEvent {
    field: '$.places'
    value: number
  }

  export interface PrepareRequestIsTrialFieldEvent {
    field: '$.isTrial'
    value: boolean
  }

  export function encode (obj: Partial<PrepareRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PrepareRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PrepareRequest>): PrepareRequest {
    return decodeMessage(buf, PrepareRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PrepareRequest>): Generator<PrepareRequestNewBytesFieldEvent | PrepareRequestReplacedBytesFieldEvent | PrepareRequestInFlightBytesFieldEvent | PrepareRequestDeletionsFieldEvent | PrepareRequestNeighboursFieldEvent | PrepareRequestPlaceFieldEvent | PrepareRequestPlacesFieldEvent | PrepareRequestIsTrialFieldEvent> {
    return streamMessage(buf, PrepareRequest.codec(), opts)
  }
}

export interface StageRequestMessage {
  block: number
  statement: Uint8Array<ArrayBuffer>
  actions: Uint8Array<ArrayBuffer>
  isPacked: boolean
}

export namespace StageRequestMessage {
  let _codec: Codec<StageRequestMessage>

  export const codec = (): Codec<StageRequestMessage> => {
    if (_codec == null) {
      _codec = message<StageRequestMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.block != null && obj.block !== 0)) {
          w.uint32(8)
          w.uint32(obj.block)
        }

        if ((obj.statement != null && obj.statement.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.statement)
        }

        if ((obj.actions != null && obj.actions.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.actions)
        }

        if ((obj.isPacked != null && obj.isPacked !== false)) {
          w.uint32(32)
          w.bool(obj.isPacked)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          block: 0,
          statement: uint8ArrayAlloc(0),
          actions: uint8ArrayAlloc(0),
          isPacked: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.block = reader.uint32()
              break
            }
            case 2: {
              obj.statement = reader.bytes()
              break
            }
            case 3: {
              obj.actions = reader.bytes()
              break
            }
            case 4: {
              obj.isPacked = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.block`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.statement`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.actions`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.isPacked`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StageRequestMessageBlockFieldEvent {
    field: '$.block'
    value: number
  }

  export interface StageRequestMessageStatementFieldEvent {
    field: '$.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StageRequestMessageActionsFieldEvent {
    field: '$.actions'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StageRequestMessageIsPackedFieldEvent {
    field: '$.isPacked'
    value: boolean
  }

  export function encode (obj: Partial<StageRequestMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StageRequestMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StageRequestMessage>): StageRequestMessage {
    return decodeMessage(buf, StageRequestMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StageRequestMessage>): Generator<StageRequestMessageBlockFieldEvent | StageRequestMessageStatementFieldEvent | StageRequestMessageActionsFieldEvent | StageRequestMessageIsPackedFieldEvent> {
    return streamMessage(buf, StageRequestMessage.codec(), opts)
  }
}

export interface CommitRequest {
  block: number
}

export namespace CommitRequest {
  let _codec: Codec<CommitRequest>

  export const codec = (): Codec<CommitRequest> => {
    if (_codec == null) {
      _codec = message<CommitRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.block != null && obj.block !== 0)) {
          w.uint32(8)
          w.uint32(obj.block)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          block: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.block = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.block`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CommitRequestBlockFieldEvent {
    field: '$.block'
    value: number
  }

  export function encode (obj: Partial<CommitRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CommitRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CommitRequest>): CommitRequest {
    return decodeMessage(buf, CommitRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CommitRequest>): Generator<CommitRequestBlockFieldEvent> {
    return streamMessage(buf, CommitRequest.codec(), opts)
  }
}

export interface CheckRequest {
  block: number
}

export namespace CheckRequest {
  let _codec: Codec<CheckRequest>

  export const codec = (): Codec<CheckRequest> => {
    if (_codec == null) {
      _codec = message<CheckRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.block != null && obj.block !== 0)) {
          w.uint32(8)
          w.uint32(obj.block)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          block: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.block = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.block`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CheckRequestBlockFieldEvent {
    field: '$.block'
    value: number
  }

  export function encode (obj: Partial<CheckRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CheckRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CheckRequest>): CheckRequest {
    return decodeMessage(buf, CheckRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CheckRequest>): Generator<CheckRequestBlockFieldEvent> {
    return streamMessage(buf, CheckRequest.codec(), opts)
  }
}

export interface RenewRequest {}

export namespace RenewRequest {
  let _codec: Codec<RenewRequest>

  export const codec = (): Codec<RenewRequest> => {
    if (_codec == null) {
      _codec = message<RenewRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<RenewRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RenewRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RenewRequest>): RenewRequest {
    return decodeMessage(buf, RenewRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RenewRequest>): Generator<{}> {
    return streamMessage(buf, RenewRequest.codec(), opts)
  }
}

export interface ReleaseRequest {
  statement: number
}

export namespace ReleaseRequest {
  let _codec: Codec<ReleaseRequest>

  export const codec = (): Codec<ReleaseRequest> => {
    if (_codec == null) {
      _codec = message<ReleaseRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.statement != null && obj.statement !== 0)) {
          w.uint32(8)
          w.uint32(obj.statement)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          statement: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.statement = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.statement`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ReleaseRequestStatementFieldEvent {
    field: '$.statement'
    value: number
  }

  export function encode (obj: Partial<ReleaseRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ReleaseRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReleaseRequest>): ReleaseRequest {
    return decodeMessage(buf, ReleaseRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReleaseRequest>): Generator<ReleaseRequestStatementFieldEvent> {
    return streamMessage(buf, ReleaseRequest.codec(), opts)
  }
}

export interface DeleteRequest {
  statement: Uint8Array<ArrayBuffer>
}

export namespace DeleteRequest {
  let _codec: Codec<DeleteRequest>

  export const codec = (): Codec<DeleteRequest> => {
    if (_codec == null) {
      _codec = message<DeleteRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.statement != null && obj.statement.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.statement)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          statement: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.statement = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.statement`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface DeleteRequestStatementFieldEvent {
    field: '$.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<DeleteRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DeleteRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DeleteRequest>): DeleteRequest {
    return decodeMessage(buf, DeleteRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DeleteRequest>): Generator<DeleteRequestStatementFieldEvent> {
    return streamMessage(buf, DeleteRequest.codec(), opts)
  }
}

export interface FinishRequest {}

export namespace FinishRequest {
  let _codec: Codec<FinishRequest>

  export const codec = (): Codec<FinishRequest> => {
    if (_codec == null) {
      _codec = message<FinishRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<FinishRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, FinishRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FinishRequest>): FinishRequest {
    return decodeMessage(buf, FinishRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FinishRequest>): Generator<{}> {
    return streamMessage(buf, FinishRequest.codec(), opts)
  }
}

export interface EndRequest {
  report?: string
}

export namespace EndRequest {
  let _codec: Codec<EndRequest>

  export const codec = (): Codec<EndRequest> => {
    if (_codec == null) {
      _codec = message<EndRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.report != null) {
          w.uint32(10)
          w.string(obj.report)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.report = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.report`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface EndRequestReportFieldEvent {
    field: '$.report'
    value: string
  }

  export function encode (obj: Partial<EndRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, EndRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<EndRequest>): EndRequest {
    return decodeMessage(buf, EndRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<EndRequest>): Generator<EndRequestReportFieldEvent> {
    return streamMessage(buf, EndRequest.codec(), opts)
  }
}

export interface RoundResponse {
  id: number
  last: boolean
  error?: ErrorMessage
  begin?: BeginResponse
  list?: ListResponse
  nodes?: NodesResponse
  batches?: BatchesResponse
  lookup?: LookupResponse
  checksums?: ChecksumsResponse
  state?: StateResponse
  stage?: StageResponse
  applied?: AppliedResponse
  prepare?: PrepareResponse
  check?: CheckResponse
  holes?: HolesResponse
  stalledMs?: number
}

export namespace RoundResponse {
  let _codec: Codec<RoundResponse>

  export const codec = (): Codec<RoundResponse> => {
    if (_codec == null) {
      _codec = message<RoundResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }


        if (obj.holes != null) {
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.check != null) {
          obj.holes = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.prepare != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.applied != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.stage != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.state != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.checksums != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.lookup != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.batches != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.nodes = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.nodes != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.list = undefined
          obj.begin = undefined
        }

        if (obj.list != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.begin = undefined
        }

        if (obj.begin != null) {
          obj.holes = undefined
          obj.check = undefined
          obj.prepare = undefined
          obj.applied = undefined
          obj.stage = undefined
          obj.state = undefined
          obj.checksums = undefined
          obj.lookup = undefined
          obj.batches = undefined
          obj.nodes = undefined
          obj.list = undefined
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.last != null && obj.last !== false)) {
          w.uint32(16)
          w.bool(obj.last)
        }

        if (obj.error != null) {
          w.uint32(26)
          ErrorMessage.codec().encode(obj.error, w)
        }

        if (obj.begin != null) {
          w.uint32(34)
          BeginResponse.codec().encode(obj.begin, w)
        }

        if (obj.list != null) {
          w.uint32(42)
          ListResponse.codec().encode(obj.list, w)
        }

        if (obj.nodes != null) {
          w.uint32(50)
          NodesResponse.codec().encode(obj.nodes, w)
        }

        if (obj.batches != null) {
          w.uint32(58)
          BatchesResponse.codec().encode(obj.batches, w)
        }

        if (obj.lookup != null) {
          w.uint32(66)
          LookupResponse.codec().encode(obj.lookup, w)
        }

        if (obj.checksums != null) {
          w.uint32(74)
          ChecksumsResponse.codec().encode(obj.checksums, w)
        }

        if (obj.state != null) {
          w.uint32(82)
          StateResponse.codec().encode(obj.state, w)
        }

        if (obj.stage != null) {
          w.uint32(90)
          StageResponse.codec().encode(obj.stage, w)
        }

        if (obj.applied != null) {
          w.uint32(98)
          AppliedResponse.codec().encode(obj.applied, w)
        }

        if (obj.prepare != null) {
          w.uint32(106)
          PrepareResponse.codec().encode(obj.prepare, w)
        }

        if (obj.check != null) {
          w.uint32(114)
          CheckResponse.codec().encode(obj.check, w)
        }

        if (obj.holes != null) {
          w.uint32(122)
          HolesResponse.codec().encode(obj.holes, w)
        }

        if (obj.stalledMs != null) {
          w.uint32(128)
          w.uint32(obj.stalledMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          last: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.last = reader.bool()
              break
            }
            case 3: {
              obj.error = ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.error
              })
              break
            }
            case 4: {
              obj.begin = BeginResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.begin
              })
              break
            }
            case 5: {
              obj.list = ListResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.list
              })
              break
            }
            case 6: {
              obj.nodes = NodesResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.nodes
              })
              break
            }
            case 7: {
              obj.batches = BatchesResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.batches
              })
              break
            }
            case 8: {
              obj.lookup = LookupResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.lookup
              })
              break
            }
            case 9: {
              obj.checksums = ChecksumsResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.checksums
              })
              break
            }
            case 10: {
              obj.state = StateResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.state
              })
              break
            }
            case 11: {
              obj.stage = StageResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.stage
              })
              break
            }
            case 12: {
              obj.applied = AppliedResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.applied
              })
              break
            }
            case 13: {
              obj.prepare = PrepareResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.prepare
              })
              break
            }
            case 14: {
              obj.check = CheckResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.check
              })
              break
            }
            case 15: {
              obj.holes = HolesResponse.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.holes
              })
              break
            }
            case 16: {
              obj.stalledMs = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }


        if (obj.holes != null) {
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.check != null) {
          delete obj.holes
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.prepare != null) {
          delete obj.holes
          delete obj.check
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.applied != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.stage != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.state != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.checksums != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.lookup != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.batches
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.batches != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.nodes
          delete obj.list
          delete obj.begin
        }

        if (obj.nodes != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.list
          delete obj.begin
        }

        if (obj.list != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.begin
        }

        if (obj.begin != null) {
          delete obj.holes
          delete obj.check
          delete obj.prepare
          delete obj.applied
          delete obj.stage
          delete obj.state
          delete obj.checksums
          delete obj.lookup
          delete obj.batches
          delete obj.nodes
          delete obj.list
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.last`,
                value: reader.bool()
              }
              break
            }
            case 3: {
              yield * ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.error`, {
                limits: opts.limits?.error
              })

              break
            }
            case 4: {
              yield * BeginResponse.codec().stream(reader, reader.uint32(), `${prefix}.begin`, {
                limits: opts.limits?.begin
              })

              break
            }
            case 5: {
              yield * ListResponse.codec().stream(reader, reader.uint32(), `${prefix}.list`, {
                limits: opts.limits?.list
              })

              break
            }
            case 6: {
              yield * NodesResponse.codec().stream(reader, reader.uint32(), `${prefix}.nodes`, {
                limits: opts.limits?.nodes
              })

              break
            }
            case 7: {
              yield * BatchesResponse.codec().stream(reader, reader.uint32(), `${prefix}.batches`, {
                limits: opts.limits?.batches
              })

              break
            }
            case 8: {
              yield * LookupResponse.codec().stream(reader, reader.uint32(), `${prefix}.lookup`, {
                limits: opts.limits?.lookup
              })

              break
            }
            case 9: {
              yield * ChecksumsResponse.codec().stream(reader, reader.uint32(), `${prefix}.checksums`, {
                limits: opts.limits?.checksums
              })

              break
            }
            case 10: {
              yield * StateResponse.codec().stream(reader, reader.uint32(), `${prefix}.state`, {
                limits: opts.limits?.state
              })

              break
            }
            case 11: {
              yield * StageResponse.codec().stream(reader, reader.uint32(), `${prefix}.stage`, {
                limits: opts.limits?.stage
              })

              break
            }
            case 12: {
              yield * AppliedResponse.codec().stream(reader, reader.uint32(), `${prefix}.applied`, {
                limits: opts.limits?.applied
              })

              break
            }
            case 13: {
              yield * PrepareResponse.codec().stream(reader, reader.uint32(), `${prefix}.prepare`, {
                limits: opts.limits?.prepare
              })

              break
            }
            case 14: {
              yield * CheckResponse.codec().stream(reader, reader.uint32(), `${prefix}.check`, {
                limits: opts.limits?.check
              })

              break
            }
            case 15: {
              yield * HolesResponse.codec().stream(reader, reader.uint32(), `${prefix}.holes`, {
                limits: opts.limits?.holes
              })

              break
            }
            case 16: {
              yield {
                field: `${prefix}.stalledMs`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RoundResponseIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface RoundResponseLastFieldEvent {
    field: '$.last'
    value: boolean
  }

  export interface RoundResponseErrorCodeFieldEvent {
    field: '$.error.code'
    value: string
  }

  export interface RoundResponseErrorMessageFieldEvent {
    field: '$.error.message'
    value: string
  }

  export interface RoundResponseErrorPathFieldEvent {
    field: '$.error.path'
    value: string
  }

  export interface RoundResponseBeginLacksFieldEvent {
    field: '$.begin.lacks[]'
    index: number
    value: string
  }

  export interface RoundResponseListRootFieldEvent {
    field: '$.list.root'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseListContentRootFieldEvent {
    field: '$.list.contentRoot'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseListRepresentsFieldEvent {
    field: '$.list.represents'
    value: number
  }

  export interface RoundResponseListBlindPathFieldEvent {
    field: '$.list.blind[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseListBlindCodeFieldEvent {
    field: '$.list.blind[].code'
    value: string
    index: number
  }

  export interface RoundResponseListBlindMessageFieldEvent {
    field: '$.list.blind[].message'
    value: string
    index: number
  }

  export interface RoundResponseListStatementFieldEvent {
    field: '$.list.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseListEntriesFieldEvent {
    field: '$.list.entries'
    value: number
  }

  export interface RoundResponseNodesNodesFieldEvent {
    field: '$.nodes.nodes'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseBatchesBatchesFieldEvent {
    field: '$.batches.batches[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseLookupFoundEntryFieldEvent {
    field: '$.lookup.found[].entry'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseLookupFoundOrdinalFieldEvent {
    field: '$.lookup.found[].ordinal'
    value: number
    index: number
  }

  export interface RoundResponseLookupFoundProblemPathFieldEvent {
    field: '$.lookup.found[].problem.path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseLookupFoundProblemCodeFieldEvent {
    field: '$.lookup.found[].problem.code'
    value: string
    index: number
  }

  export interface RoundResponseLookupFoundProblemMessageFieldEvent {
    field: '$.lookup.found[].problem.message'
    value: string
    index: number
  }

  export interface RoundResponseChecksumsDigestsFieldEvent {
    field: '$.checksums.digests'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseChecksumsHashedFieldEvent {
    field: '$.checksums.hashed'
    value: number
  }

  export interface RoundResponseChecksumsProblemsPathFieldEvent {
    field: '$.checksums.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseChecksumsProblemsCodeFieldEvent {
    field: '$.checksums.problems[].code'
    value: string
    index: number
  }

  export interface RoundResponseChecksumsProblemsMessageFieldEvent {
    field: '$.checksums.problems[].message'
    value: string
    index: number
  }

  export interface RoundResponseStateStatementFieldEvent {
    field: '$.state.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RoundResponseStateProblemsPathFieldEvent {
    field: '$.state.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseStateProblemsCodeFieldEvent {
    field: '$.state.problems[].code'
    value: string
    index: number
  }

  export interface RoundResponseStateProblemsMessageFieldEvent {
    field: '$.state.problems[].message'
    value: string
    index: number
  }

  export interface RoundResponseStateNumberFieldEvent {
    field: '$.state.number'
    value: number
  }

  export interface RoundResponseStateLackCodeFieldEvent {
    field: '$.state.lack.code'
    value: string
  }

  export interface RoundResponseStateLackMessageFieldEvent {
    field: '$.state.lack.message'
    value: string
  }

  export interface RoundResponseStateLackPathFieldEvent {
    field: '$.state.lack.path'
    value: string
  }

  export interface RoundResponseStateIsPackedFieldEvent {
    field: '$.state.isPacked'
    value: boolean
  }

  export interface RoundResponseStageBytesFromMasterFieldEvent {
    field: '$.stage.bytesFromMaster'
    value: number
  }

  export interface RoundResponseStageBytesFromRemotesFieldEvent {
    field: '$.stage.bytesFromRemotes'
    value: number
  }

  export interface RoundResponseStageBytesReusedFieldEvent {
    field: '$.stage.bytesReused'
    value: number
  }

  export interface RoundResponseStageHashedFieldEvent {
    field: '$.stage.hashed'
    value: number
  }

  export interface RoundResponseStageProblemsPathFieldEvent {
    field: '$.stage.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseStageProblemsCodeFieldEvent {
    field: '$.stage.problems[].code'
    value: string
    index: number
  }

  export interface RoundResponseStageProblemsMessageFieldEvent {
    field: '$.stage.problems[].message'
    value: string
    index: number
  }

  export interface RoundResponseStageBytesReceivedFieldEvent {
    field: '$.stage.bytesReceived'
    value: number
  }

  export interface RoundResponseStageFedPeerFieldEvent {
    field: '$.stage.fed[].peer'
    value: string
    index: number
  }

  export interface RoundResponseStageFedBytesFieldEvent {
    field: '$.stage.fed[].bytes'
    value: number
    index: number
  }

  export interface RoundResponseStageWarningsCodeFieldEvent {
    field: '$.stage.warnings[].code'
    value: string
    index: number
  }

  export interface RoundResponseStageWarningsMessageFieldEvent {
    field: '$.stage.warnings[].message'
    value: string
    index: number
  }

  export interface RoundResponseStageWarningsPathFieldEvent {
    field: '$.stage.warnings[].path'
    value: string
    index: number
  }

  export interface RoundResponseAppliedCountsCreatedFieldEvent {
    field: '$.applied.counts.created'
    value: number
  }

  export interface RoundResponseAppliedCountsUpdatedFieldEvent {
    field: '$.applied.counts.updated'
    value: number
  }

  export interface RoundResponseAppliedCountsDeletedFieldEvent {
    field: '$.applied.counts.deleted'
    value: number
  }

  export interface RoundResponseAppliedCountsAttributesFieldEvent {
    field: '$.applied.counts.attributes'
    value: number
  }

  export interface RoundResponseAppliedProblemsPathFieldEvent {
    field: '$.applied.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseAppliedProblemsCodeFieldEvent {
    field: '$.applied.problems[].code'
    value: string
    index: number
  }

  export interface RoundResponseAppliedProblemsMessageFieldEvent {
    field: '$.applied.problems[].message'
    value: string
    index: number
  }

  export interface RoundResponseAppliedHeldMicrosFieldEvent {
    field: '$.applied.held.micros'
    value: number
  }

  export interface RoundResponseAppliedHeldFilesFieldEvent {
    field: '$.applied.held.files'
    value: number
  }

  export interface RoundResponseAppliedHeldWaitersFieldEvent {
    field: '$.applied.held.waiters'
    value: number
  }

  export interface RoundResponseAppliedHeldRefreshedFieldEvent {
    field: '$.applied.held.refreshed'
    value: number
  }

  export interface RoundResponseAppliedHeldDeniedFieldEvent {
    field: '$.applied.held.denied'
    value: number
  }

  export interface RoundResponseAppliedHeldLostFieldEvent {
    field: '$.applied.held.lost'
    value: boolean
  }

  export interface RoundResponsePrepareHoldFieldEvent {
    field: '$.prepare.hold'
    value: string
  }

  export interface RoundResponsePrepareLackCodeFieldEvent {
    field: '$.prepare.lack.code'
    value: string
  }

  export interface RoundResponsePrepareLackMessageFieldEvent {
    field: '$.prepare.lack.message'
    value: string
  }

  export interface RoundResponsePrepareLackPathFieldEvent {
    field: '$.prepare.lack.path'
    value: string
  }

  export interface RoundResponseCheckCheckedFieldEvent {
    field: '$.check.checked'
    value: number
  }

  export interface RoundResponseCheckInconsistentPathFieldEvent {
    field: '$.check.inconsistent[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface RoundResponseCheckInconsistentCodeFieldEvent {
    field: '$.check.inconsistent[].code'
    value: string
    index: number
  }

  export interface RoundResponseCheckInconsistentMessageFieldEvent {
    field: '$.check.inconsistent[].message'
    value: string
    index: number
  }

  export interface RoundResponseHolesBytesFieldEvent {
    field: '$.holes.bytes'
    value: number
  }

  export interface RoundResponseStalledMsFieldEvent {
    field: '$.stalledMs'
    value: number
  }

  export function encode (obj: Partial<RoundResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RoundResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundResponse>): RoundResponse {
    return decodeMessage(buf, RoundResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RoundResponse>): Generator<RoundResponseIdFieldEvent | RoundResponseLastFieldEvent | RoundResponseErrorCodeFieldEvent | RoundResponseErrorMessageFieldEvent | RoundResponseErrorPathFieldEvent | RoundResponseBeginLacksFieldEvent | RoundResponseListRootFieldEvent | RoundResponseListContentRootFieldEvent | RoundResponseListRepresentsFieldEvent | RoundResponseListBlindPathFieldEvent | RoundResponseListBlindCodeFieldEvent | RoundResponseListBlindMessageFieldEvent | RoundResponseListStatementFieldEvent | RoundResponseListEntriesFieldEvent | RoundResponseNodesNodesFieldEvent | RoundResponseBatchesBatchesFieldEvent | RoundResponseLookupFoundEntryFieldEvent | RoundResponseLookupFoundOrdinalFieldEvent | RoundResponseLookupFoundProblemPathFieldEvent | RoundResponseLookupFoundProblemCodeFieldEvent | RoundResponseLookupFoundProblemMessageFieldEvent | RoundResponseChecksumsDigestsFieldEvent | RoundResponseChecksumsHashedFieldEvent | RoundResponseChecksumsProblemsPathFieldEvent | RoundResponseChecksumsProblemsCodeFieldEvent | RoundResponseChecksumsProblemsMessageFieldEvent | RoundResponseStateStatementFieldEvent | RoundResponseStateProblemsPathFieldEvent | RoundResponseStateProblemsCodeFieldEvent | RoundResponseStateProblemsMessageFieldEvent | RoundResponseStateNumberFieldEvent | RoundResponseStateLackCodeFieldEvent | RoundResponseStateLackMessageFieldEvent | RoundResponseStateLackPathFieldEvent | RoundResponseStateIsPackedFieldEvent | RoundResponseStageBytesFromMasterFieldEvent | RoundResponseStageBytesFromRemotesFieldEvent | RoundResponseStageBytesReusedFieldEvent | RoundResponseStageHashedFieldEvent | RoundResponseStageProblemsPathFieldEvent | RoundResponseStageProblemsCodeFieldEvent | RoundResponseStageProblemsMessageFieldEvent | RoundResponseStageBytesReceivedFieldEvent | RoundResponseStageFedPeerFieldEvent | RoundResponseStageFedBytesFieldEvent | RoundResponseStageWarningsCodeFieldEvent | RoundResponseStageWarningsMessageFieldEvent | RoundResponseStageWarningsPathFieldEvent | RoundResponseAppliedCountsCreatedFieldEvent | RoundResponseAppliedCountsUpdatedFieldEvent | RoundResponseAppliedCountsDeletedFieldEvent | RoundResponseAppliedCountsAttributesFieldEvent | RoundResponseAppliedProblemsPathFieldEvent | RoundResponseAppliedProblemsCodeFieldEvent | RoundResponseAppliedProblemsMessageFieldEvent | RoundResponseAppliedHeldMicrosFieldEvent | RoundResponseAppliedHeldFilesFieldEvent | RoundResponseAppliedHeldWaitersFieldEvent | RoundResponseAppliedHeldRefreshedFieldEvent | RoundResponseAppliedHeldDeniedFieldEvent | RoundResponseAppliedHeldLostFieldEvent | RoundResponsePrepareHoldFieldEvent | RoundResponsePrepareLackCodeFieldEvent | RoundResponsePrepareLackMessageFieldEvent | RoundResponsePrepareLackPathFieldEvent | RoundResponseCheckCheckedFieldEvent | RoundResponseCheckInconsistentPathFieldEvent | RoundResponseCheckInconsistentCodeFieldEvent | RoundResponseCheckInconsistentMessageFieldEvent | RoundResponseHolesBytesFieldEvent | RoundResponseStalledMsFieldEvent> {
    return streamMessage(buf, RoundResponse.codec(), opts)
  }
}

export interface ErrorMessage {
  code: string
  message: string
  path?: string
}

export namespace ErrorMessage {
  let _codec: Codec<ErrorMessage>

  export const codec = (): Codec<ErrorMessage> => {
    if (_codec == null) {
      _codec = message<ErrorMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(10)
          w.string(obj.code)
        }

        if ((obj.message != null && obj.message !== '')) {
          w.uint32(18)
          w.string(obj.message)
        }

        if (obj.path != null) {
          w.uint32(26)
          w.string(obj.path)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: '',
          message: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.string()
              break
            }
            case 2: {
              obj.message = reader.string()
              break
            }
            case 3: {
              obj.path = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.message`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.path`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ErrorMessageCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface ErrorMessageMessageFieldEvent {
    field: '$.message'
    value: string
  }

  export interface ErrorMessagePathFieldEvent {
    field: '$.path'
    value: string
  }

  export function encode (obj: Partial<ErrorMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ErrorMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ErrorMessage>): ErrorMessage {
    return decodeMessage(buf, ErrorMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ErrorMessage>): Generator<ErrorMessageCodeFieldEvent | ErrorMessageMessageFieldEvent | ErrorMessagePathFieldEvent> {
    return streamMessage(buf, ErrorMessage.codec(), opts)
  }
}

export interface BeginResponse {
  lacks: string[]
}

export namespace BeginResponse {
  let _codec: Codec<BeginResponse>

  export const codec = (): Codec<BeginResponse> => {
    if (_codec == null) {
      _codec = message<BeginResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.lacks != null && obj.lacks.length > 0) {
          for (const value of obj.lacks) {
            w.uint32(10)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          lacks: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.lacks != null && obj.lacks.length === opts.limits.lacks) {
                throw new MaxLengthError('Decode error - repeated field "lacks" had too many elements')
              }

              obj.lacks.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          lacks: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.lacks != null && obj.lacks === opts.limits.lacks) {
                throw new MaxLengthError('Streaming decode error - repeated field "lacks" had too many elements')
              }

              yield {
                field: `${prefix}.lacks[]`,
                index: obj.lacks,
                value: reader.string()
              }

              obj.lacks++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BeginResponseLacksFieldEvent {
    field: '$.lacks[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<BeginResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BeginResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BeginResponse>): BeginResponse {
    return decodeMessage(buf, BeginResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BeginResponse>): Generator<BeginResponseLacksFieldEvent> {
    return streamMessage(buf, BeginResponse.codec(), opts)
  }
}

export interface ListResponse {
  root: Uint8Array<ArrayBuffer>
  contentRoot?: Uint8Array<ArrayBuffer>
  represents: number
  blind: ProblemMessage[]
  statement?: Uint8Array<ArrayBuffer>
  entries: number
}

export namespace ListResponse {
  let _codec: Codec<ListResponse>

  export const codec = (): Codec<ListResponse> => {
    if (_codec == null) {
      _codec = message<ListResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.root != null && obj.root.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.root)
        }

        if (obj.contentRoot != null) {
          w.uint32(18)
          w.bytes(obj.contentRoot)
        }

        if ((obj.represents != null && obj.represents !== 0)) {
          w.uint32(24)
          w.uint32(obj.represents)
        }

        if (obj.blind != null && obj.blind.length > 0) {
          for (const value of obj.blind) {
            w.uint32(34)
            ProblemMessage.codec().encode(value, w)
          }
        }

        if (obj.statement != null) {
          w.uint32(42)
          w.bytes(obj.statement)
        }

        if ((obj.entries != null && obj.entries !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.entries)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          root: uint8ArrayAlloc(0),
          represents: 0,
          blind: [],
          entries: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.root = reader.bytes()
              break
            }
            case 2: {
              obj.contentRoot = reader.bytes()
              break
            }
            case 3: {
              obj.represents = reader.uint32()
              break
            }
            case 4: {
              if (opts.limits?.blind != null && obj.blind.length === opts.limits.blind) {
                throw new MaxLengthError('Decode error - repeated field "blind" had too many elements')
              }

              obj.blind.push(ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.blind$
              }))
              break
            }
            case 5: {
              obj.statement = reader.bytes()
              break
            }
            case 6: {
              obj.entries = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          blind: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.root`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.contentRoot`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.represents`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              if (opts.limits?.blind != null && obj.blind === opts.limits.blind) {
                throw new MaxLengthError('Streaming decode error - repeated field "blind" had too many elements')
              }

              for (const evt of ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.blind[]`, {
                limits: opts.limits?.blind$
              })) {
                yield {
                  ...evt,
                  index: obj.blind
                }
              }

              obj.blind++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.statement`,
                value: reader.bytes()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.entries`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ListResponseRootFieldEvent {
    field: '$.root'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ListResponseContentRootFieldEvent {
    field: '$.contentRoot'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ListResponseRepresentsFieldEvent {
    field: '$.represents'
    value: number
  }

  export interface ListResponseBlindPathFieldEvent {
    field: '$.blind[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface ListResponseBlindCodeFieldEvent {
    field: '$.blind[].code'
    value: string
    index: number
  }

  export interface ListResponseBlindMessageFieldEvent {
    field: '$.blind[].message'
    value: string
    index: number
  }

  export interface ListResponseStatementFieldEvent {
    field: '$.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ListResponseEntriesFieldEvent {
    field: '$.entries'
    value: number
  }

  export function encode (obj: Partial<ListResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ListResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListResponse>): ListResponse {
    return decodeMessage(buf, ListResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ListResponse>): Generator<ListResponseRootFieldEvent | ListResponseContentRootFieldEvent | ListResponseRepresentsFieldEvent | ListResponseBlindPathFieldEvent | ListResponseBlindCodeFieldEvent | ListResponseBlindMessageFieldEvent | ListResponseStatementFieldEvent | ListResponseEntriesFieldEvent> {
    return streamMessage(buf, ListResponse.codec(), opts)
  }
}

export interface NodesResponse {
  nodes: Uint8Array<ArrayBuffer>
}

export namespace NodesResponse {
  let _codec: Codec<NodesResponse>

  export const codec = (): Codec<NodesResponse> => {
    if (_codec == null) {
      _codec = message<NodesResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.nodes != null && obj.nodes.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.nodes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          nodes: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.nodes = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.nodes`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface NodesResponseNodesFieldEvent {
    field: '$.nodes'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<NodesResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, NodesResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodesResponse>): NodesResponse {
    return decodeMessage(buf, NodesResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodesResponse>): Generator<NodesResponseNodesFieldEvent> {
    return streamMessage(buf, NodesResponse.codec(), opts)
  }
}

export interface BatchesResponse {
  batches: Uint8Array<ArrayBuffer>[]
}

export namespace BatchesResponse {
  let _codec: Codec<BatchesResponse>

  export const codec = (): Codec<BatchesResponse> => {
    if (_codec == null) {
      _codec = message<BatchesResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.batches != null && obj.batches.length > 0) {
          for (const value of obj.batches) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          batches: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.batches != null && obj.batches.length === opts.limits.batches) {
                throw new MaxLengthError('Decode error - repeated field "batches" had too many elements')
              }

              obj.batches.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          batches: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.batches != null && obj.batches === opts.limits.batches) {
                throw new MaxLengthError('Streaming decode error - repeated field "batches" had too many elements')
              }

              yield {
                field: `${prefix}.batches[]`,
                index: obj.batches,
                value: reader.bytes()
              }

              obj.batches++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface BatchesResponseBatchesFieldEvent {
    field: '$.batches[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<BatchesResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BatchesResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchesResponse>): BatchesResponse {
    return decodeMessage(buf, BatchesResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BatchesResponse>): Generator<BatchesResponseBatchesFieldEvent> {
    return streamMessage(buf, BatchesResponse.codec(), opts)
  }
}

export interface LookupResponse {
  found: FoundMessage[]
}

export namespace LookupResponse {
  let _codec: Codec<LookupResponse>

  export const codec = (): Codec<LookupResponse> => {
    if (_codec == null) {
      _codec = message<LookupResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.found != null && obj.found.length > 0) {
          for (const value of obj.found) {
            w.uint32(10)
            FoundMessage.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          found: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.found != null && obj.found.length === opts.limits.found) {
                throw new MaxLengthError('Decode error - repeated field "found" had too many elements')
              }

              obj.found.push(FoundMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.found$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          found: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.found != null && obj.found === opts.limits.found) {
                throw new MaxLengthError('Streaming decode error - repeated field "found" had too many elements')
              }

              for (const evt of FoundMessage.codec().stream(reader, reader.uint32(), `${prefix}.found[]`, {
                limits: opts.limits?.found$
              })) {
                yield {
                  ...evt,
                  index: obj.found
                }
              }

              obj.found++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface LookupResponseFoundEntryFieldEvent {
    field: '$.found[].entry'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface LookupResponseFoundOrdinalFieldEvent {
    field: '$.found[].ordinal'
    value: number
    index: number
  }

  export interface LookupResponseFoundProblemPathFieldEvent {
    field: '$.found[].problem.path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface LookupResponseFoundProblemCodeFieldEvent {
    field: '$.found[].problem.code'
    value: string
    index: number
  }

  export interface LookupResponseFoundProblemMessageFieldEvent {
    field: '$.found[].problem.message'
    value: string
    index: number
  }

  export function encode (obj: Partial<LookupResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, LookupResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LookupResponse>): LookupResponse {
    return decodeMessage(buf, LookupResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LookupResponse>): Generator<LookupResponseFoundEntryFieldEvent | LookupResponseFoundOrdinalFieldEvent | LookupResponseFoundProblemPathFieldEvent | LookupResponseFoundProblemCodeFieldEvent | LookupResponseFoundProblemMessageFieldEvent> {
    return streamMessage(buf, LookupResponse.codec(), opts)
  }
}

export interface FoundMessage {
  entry?: Uint8Array<ArrayBuffer>
  ordinal: number
  problem?: ProblemMessage
}

export namespace FoundMessage {
  let _codec: Codec<FoundMessage>

  export const codec = (): Codec<FoundMessage> => {
    if (_codec == null) {
      _codec = message<FoundMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.entry != null) {
          w.uint32(10)
          w.bytes(obj.entry)
        }

        if ((obj.ordinal != null && obj.ordinal !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.ordinal)
        }

        if (obj.problem != null) {
          w.uint32(26)
          ProblemMessage.codec().encode(obj.problem, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          ordinal: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.entry = reader.bytes()
              break
            }
            case 2: {
              obj.ordinal = reader.uint64Number()
              break
            }
            case 3: {
              obj.problem = ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.problem
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.entry`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.ordinal`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield * ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.problem`, {
                limits: opts.limits?.problem
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface FoundMessageEntryFieldEvent {
    field: '$.entry'
    value: Uint8Array<ArrayBuffer>
  }

  export interface FoundMessageOrdinalFieldEvent {
    field: '$.ordinal'
    value: number
  }

  export interface FoundMessageProblemPathFieldEvent {
    field: '$.problem.path'
    value: Uint8Array<ArrayBuffer>
  }

  export interface FoundMessageProblemCodeFieldEvent {
    field: '$.problem.code'
    value: string
  }

  export interface FoundMessageProblemMessageFieldEvent {
    field: '$.problem.message'
    value: string
  }

  export function encode (obj: Partial<FoundMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, FoundMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FoundMessage>): FoundMessage {
    return decodeMessage(buf, FoundMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FoundMessage>): Generator<FoundMessageEntryFieldEvent | FoundMessageOrdinalFieldEvent | FoundMessageProblemPathFieldEvent | FoundMessageProblemCodeFieldEvent | FoundMessageProblemMessageFieldEvent> {
    return streamMessage(buf, FoundMessage.codec(), opts)
  }
}

export interface ChecksumsResponse {
  digests: Uint8Array<ArrayBuffer>
  hashed: number
  problems: ProblemMessage[]
}

export namespace ChecksumsResponse {
  let _codec: Codec<ChecksumsResponse>

  export const codec = (): Codec<ChecksumsResponse> => {
    if (_codec == null) {
      _codec = message<ChecksumsResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.digests != null && obj.digests.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.digests)
        }

        if ((obj.hashed != null && obj.hashed !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.hashed)
        }

        if (obj.problems != null && obj.problems.length > 0) {
          for (const value of obj.problems) {
            w.uint32(26)
            ProblemMessage.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          digests: uint8ArrayAlloc(0),
          hashed: 0,
          problems: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.digests = reader.bytes()
              break
            }
            case 2: {
              obj.hashed = reader.uint64Number()
              break
            }
            case 3: {
              if (opts.limits?.problems != null && obj.problems.length === opts.limits.problems) {
                throw new MaxLengthError('Decode error - repeated field "problems" had too many elements')
              }

              obj.problems.push(ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.problems$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          problems: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.digests`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.hashed`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              if (opts.limits?.problems != null && obj.problems === opts.limits.problems) {
                throw new MaxLengthError('Streaming decode error - repeated field "problems" had too many elements')
              }

              for (const evt of ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.problems[]`, {
                limits: opts.limits?.problems$
              })) {
                yield {
                  ...evt,
                  index: obj.problems
                }
              }

              obj.problems++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ChecksumsResponseDigestsFieldEvent {
    field: '$.digests'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ChecksumsResponseHashedFieldEvent {
    field: '$.hashed'
    value: number
  }

  export interface ChecksumsResponseProblemsPathFieldEvent {
    field: '$.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface ChecksumsResponseProblemsCodeFieldEvent {
    field: '$.problems[].code'
    value: string
    index: number
  }

  export interface ChecksumsResponseProblemsMessageFieldEvent {
    field: '$.problems[].message'
    value: string
    index: number
  }

  export function encode (obj: Partial<ChecksumsResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ChecksumsResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChecksumsResponse>): ChecksumsResponse {
    return decodeMessage(buf, ChecksumsResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChecksumsResponse>): Generator<ChecksumsResponseDigestsFieldEvent | ChecksumsResponseHashedFieldEvent | ChecksumsResponseProblemsPathFieldEvent | ChecksumsResponseProblemsCodeFieldEvent | ChecksumsResponseProblemsMessageFieldEvent> {
    return streamMessage(buf, ChecksumsResponse.codec(), opts)
  }
}

export interface StateResponse {
  statement: Uint8Array<ArrayBuffer>
  problems: ProblemMessage[]
  number: number
  lack?: ErrorMessage
  isPacked: boolean
}

export namespace StateResponse {
  let _codec: Codec<StateResponse>

  export const codec = (): Codec<StateResponse> => {
    if (_codec == null) {
      _codec = message<StateResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.statement != null && obj.statement.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.statement)
        }

        if (obj.problems != null && obj.problems.length > 0) {
          for (const value of obj.problems) {
            w.uint32(18)
            ProblemMessage.codec().encode(value, w)
          }
        }

        if ((obj.number != null && obj.number !== 0)) {
          w.uint32(24)
          w.uint32(obj.number)
        }

        if (obj.lack != null) {
          w.uint32(34)
          ErrorMessage.codec().encode(obj.lack, w)
        }

        if ((obj.isPacked != null && obj.isPacked !== false)) {
          w.uint32(40)
          w.bool(obj.isPacked)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          statement: uint8ArrayAlloc(0),
          problems: [],
          number: 0,
          isPacked: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.statement = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.problems != null && obj.problems.length === opts.limits.problems) {
                throw new MaxLengthError('Decode error - repeated field "problems" had too many elements')
              }

              obj.problems.push(ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.problems$
              }))
              break
            }
            case 3: {
              obj.number = reader.uint32()
              break
            }
            case 4: {
              obj.lack = ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.lack
              })
              break
            }
            case 5: {
              obj.isPacked = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          problems: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.statement`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.problems != null && obj.problems === opts.limits.problems) {
                throw new MaxLengthError('Streaming decode error - repeated field "problems" had too many elements')
              }

              for (const evt of ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.problems[]`, {
                limits: opts.limits?.problems$
              })) {
                yield {
                  ...evt,
                  index: obj.problems
                }
              }

              obj.problems++

              break
            }
            case 3: {
              yield {
                field: `${prefix}.number`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield * ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.lack`, {
                limits: opts.limits?.lack
              })

              break
            }
            case 5: {
              yield {
                field: `${prefix}.isPacked`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StateResponseStatementFieldEvent {
    field: '$.statement'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StateResponseProblemsPathFieldEvent {
    field: '$.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StateResponseProblemsCodeFieldEvent {
    field: '$.problems[].code'
    value: string
    index: number
  }

  export interface StateResponseProblemsMessageFieldEvent {
    field: '$.problems[].message'
    value: string
    index: number
  }

  export interface StateResponseNumberFieldEvent {
    field: '$.number'
    value: number
  }

  export interface StateResponseLackCodeFieldEvent {
    field: '$.lack.code'
    value: string
  }

  export interface StateResponseLackMessageFieldEvent {
    field: '$.lack.message'
    value: string
  }

  export interface StateResponseLackPathFieldEvent {
    field: '$.lack.path'
    value: string
  }

  export interface StateResponseIsPackedFieldEvent {
    field: '$.isPacked'
    value: boolean
  }

  export function encode (obj: Partial<StateResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StateResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateResponse>): StateResponse {
    return decodeMessage(buf, StateResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StateResponse>): Generator<StateResponseStatementFieldEvent | StateResponseProblemsPathFieldEvent | StateResponseProblemsCodeFieldEvent | StateResponseProblemsMessageFieldEvent | StateResponseNumberFieldEvent | StateResponseLackCodeFieldEvent | StateResponseLackMessageFieldEvent | StateResponseLackPathFieldEvent | StateResponseIsPackedFieldEvent> {
    return streamMessage(buf, StateResponse.codec(), opts)
  }
}

export interface StageResponse {
  bytesFromMaster: number
  bytesFromRemotes: number
  bytesReused: number
  hashed: number
  problems: ProblemMessage[]
  bytesReceived: number
  fed: FedMessage[]
  warnings: ErrorMessage[]
}

export namespace StageResponse {
  let _codec: Codec<StageResponse>

  export const codec = (): Codec<StageResponse> => {
    if (_codec == null) {
      _codec = message<StageResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.bytesFromMaster != null && obj.bytesFromMaster !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.bytesFromMaster)
        }

        if ((obj.bytesFromRemotes != null && obj.bytesFromRemotes !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.bytesFromRemotes)
        }

        if ((obj.bytesReused != null && obj.bytesReused !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.bytesReused)
        }

        if ((obj.hashed != null && obj.hashed !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.hashed)
        }

        if (obj.problems != null && obj.problems.length > 0) {
          for (const value of obj.problems) {
            w.uint32(42)
            ProblemMessage.codec().encode(value, w)
          }
        }

        if ((obj.bytesReceived != null && obj.bytesReceived !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.bytesReceived)
        }

        if (obj.fed != null && obj.fed.length > 0) {
          for (const value of obj.fed) {
            w.uint32(58)
            FedMessage.codec().encode(value, w)
          }
        }

        if (obj.warnings != null && obj.warnings.length > 0) {
          for (const value of obj.warnings) {
            w.uint32(66)
            ErrorMessage.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          bytesFromMaster: 0,
          bytesFromRemotes: 0,
          bytesReused: 0,
          hashed: 0,
          problems: [],
          bytesReceived: 0,
          fed: [],
          warnings: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.bytesFromMaster = reader.uint64Number()
              break
            }
            case 2: {
              obj.bytesFromRemotes = reader.uint64Number()
              break
            }
            case 3: {
              obj.bytesReused = reader.uint64Number()
              break
            }
            case 4: {
              obj.hashed = reader.uint64Number()
              break
            }
            case 5: {
              if (opts.limits?.problems != null && obj.problems.length === opts.limits.problems) {
                throw new MaxLengthError('Decode error - repeated field "problems" had too many elements')
              }

              obj.problems.push(ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.problems$
              }))
              break
            }
            case 6: {
              obj.bytesReceived = reader.uint64Number()
              break
            }
            case 7: {
              if (opts.limits?.fed != null && obj.fed.length === opts.limits.fed) {
                throw new MaxLengthError('Decode error - repeated field "fed" had too many elements')
              }

              obj.fed.push(FedMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.fed$
              }))
              break
            }
            case 8: {
              if (opts.limits?.warnings != null && obj.warnings.length === opts.limits.warnings) {
                throw new MaxLengthError('Decode error - repeated field "warnings" had too many elements')
              }

              obj.warnings.push(ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.warnings$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          problems: 0,
          fed: 0,
          warnings: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.bytesFromMaster`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.bytesFromRemotes`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.bytesReused`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.hashed`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              if (opts.limits?.problems != null && obj.problems === opts.limits.problems) {
                throw new MaxLengthError('Streaming decode error - repeated field "problems" had too many elements')
              }

              for (const evt of ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.problems[]`, {
                limits: opts.limits?.problems$
              })) {
                yield {
                  ...evt,
                  index: obj.problems
                }
              }

              obj.problems++

              break
            }
            case 6: {
              yield {
                field: `${prefix}.bytesReceived`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              if (opts.limits?.fed != null && obj.fed === opts.limits.fed) {
                throw new MaxLengthError('Streaming decode error - repeated field "fed" had too many elements')
              }

              for (const evt of FedMessage.codec().stream(reader, reader.uint32(), `${prefix}.fed[]`, {
                limits: opts.limits?.fed$
              })) {
                yield {
                  ...evt,
                  index: obj.fed
                }
              }

              obj.fed++

              break
            }
            case 8: {
              if (opts.limits?.warnings != null && obj.warnings === opts.limits.warnings) {
                throw new MaxLengthError('Streaming decode error - repeated field "warnings" had too many elements')
              }

              for (const evt of ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.warnings[]`, {
                limits: opts.limits?.warnings$
              })) {
                yield {
                  ...evt,
                  index: obj.warnings
                }
              }

              obj.warnings++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StageResponseBytesFromMasterFieldEvent {
    field: '$.bytesFromMaster'
    value: number
  }

  export interface StageResponseBytesFromRemotesFieldEvent {
    field: '$.bytesFromRemotes'
    value: number
  }

  export interface StageResponseBytesReusedFieldEvent {
    field: '$.bytesReused'
    value: number
  }

  export interface StageResponseHashedFieldEvent {
    field: '$.hashed'
    value: number
  }

  export interface StageResponseProblemsPathFieldEvent {
    field: '$.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StageResponseProblemsCodeFieldEvent {
    field: '$.problems[].code'
    value: string
    index: number
  }

  export interface StageResponseProblemsMessageFieldEvent {
    field: '$.problems[].message'
    value: string
    index: number
  }

  export interface StageResponseBytesReceivedFieldEvent {
    field: '$.bytesReceived'
    value: number
  }

  export interface StageResponseFedPeerFieldEvent {
    field: '$.fed[].peer'
    value: string
    index: number
  }

  export interface StageResponseFedBytesFieldEvent {
    field: '$.fed[].bytes'
    value: number
    index: number
  }

  export interface StageResponseWarningsCodeFieldEvent {
    field: '$.warnings[].code'
    value: string
    index: number
  }

  export interface StageResponseWarningsMessageFieldEvent {
    field: '$.warnings[].message'
    value: string
    index: number
  }

  export interface StageResponseWarningsPathFieldEvent {
    field: '$.warnings[].path'
    value: string
    index: number
  }

  export function encode (obj: Partial<StageResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StageResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StageResponse>): StageResponse {
    return decodeMessage(buf, StageResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StageResponse>): Generator<StageResponseBytesFromMasterFieldEvent | StageResponseBytesFromRemotesFieldEvent | StageResponseBytesReusedFieldEvent | StageResponseHashedFieldEvent | StageResponseProblemsPathFieldEvent | StageResponseProblemsCodeFieldEvent | StageResponseProblemsMessageFieldEvent | StageResponseBytesReceivedFieldEvent | StageResponseFedPeerFieldEvent | StageResponseFedBytesFieldEvent | StageResponseWarningsCodeFieldEvent | StageResponseWarningsMessageFieldEvent | StageResponseWarningsPathFieldEvent> {
    return streamMessage(buf, StageResponse.codec(), opts)
  }
}

export interface FedMessage {
  peer: string
  bytes: number
}

export namespace FedMessage {
  let _codec: Codec<FedMessage>

  export const codec = (): Codec<FedMessage> => {
    if (_codec == null) {
      _codec = message<FedMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(10)
          w.string(obj.peer)
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: '',
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.string()
              break
            }
            case 2: {
              obj.bytes = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface FedMessagePeerFieldEvent {
    field: '$.peer'
    value: string
  }

  export interface FedMessageBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<FedMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, FedMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FedMessage>): FedMessage {
    return decodeMessage(buf, FedMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FedMessage>): Generator<FedMessagePeerFieldEvent | FedMessageBytesFieldEvent> {
    return streamMessage(buf, FedMessage.codec(), opts)
  }
}

export interface AppliedResponse {
  counts?: CountsMessage
  problems: ProblemMessage[]
  held?: HeldMessage
}

export namespace AppliedResponse {
  let _codec: Codec<AppliedResponse>

  export const codec = (): Codec<AppliedResponse> => {
    if (_codec == null) {
      _codec = message<AppliedResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.counts != null) {
          w.uint32(10)
          CountsMessage.codec().encode(obj.counts, w)
        }

        if (obj.problems != null && obj.problems.length > 0) {
          for (const value of obj.problems) {
            w.uint32(18)
            ProblemMessage.codec().encode(value, w)
          }
        }

        if (obj.held != null) {
          w.uint32(26)
          HeldMessage.codec().encode(obj.held, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          problems: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.counts = CountsMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.counts
              })
              break
            }
            case 2: {
              if (opts.limits?.problems != null && obj.problems.length === opts.limits.problems) {
                throw new MaxLengthError('Decode error - repeated field "problems" had too many elements')
              }

              obj.problems.push(ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.problems$
              }))
              break
            }
            case 3: {
              obj.held = HeldMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.held
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          problems: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * CountsMessage.codec().stream(reader, reader.uint32(), `${prefix}.counts`, {
                limits: opts.limits?.counts
              })

              break
            }
            case 2: {
              if (opts.limits?.problems != null && obj.problems === opts.limits.problems) {
                throw new MaxLengthError('Streaming decode error - repeated field "problems" had too many elements')
              }

              for (const evt of ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.problems[]`, {
                limits: opts.limits?.problems$
              })) {
                yield {
                  ...evt,
                  index: obj.problems
                }
              }

              obj.problems++

              break
            }
            case 3: {
              yield * HeldMessage.codec().stream(reader, reader.uint32(), `${prefix}.held`, {
                limits: opts.limits?.held
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AppliedResponseCountsCreatedFieldEvent {
    field: '$.counts.created'
    value: number
  }

  export interface AppliedResponseCountsUpdatedFieldEvent {
    field: '$.counts.updated'
    value: number
  }

  export interface AppliedResponseCountsDeletedFieldEvent {
    field: '$.counts.deleted'
    value: number
  }

  export interface AppliedResponseCountsAttributesFieldEvent {
    field: '$.counts.attributes'
    value: number
  }

  export interface AppliedResponseProblemsPathFieldEvent {
    field: '$.problems[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface AppliedResponseProblemsCodeFieldEvent {
    field: '$.problems[].code'
    value: string
    index: number
  }

  export interface AppliedResponseProblemsMessageFieldEvent {
    field: '$.problems[].message'
    value: string
    index: number
  }

  export interface AppliedResponseHeldMicrosFieldEvent {
    field: '$.held.micros'
    value: number
  }

  export interface AppliedResponseHeldFilesFieldEvent {
    field: '$.held.files'
    value: number
  }

  export interface AppliedResponseHeldWaitersFieldEvent {
    field: '$.held.waiters'
    value: number
  }

  export interface AppliedResponseHeldRefreshedFieldEvent {
    field: '$.held.refreshed'
    value: number
  }

  export interface AppliedResponseHeldDeniedFieldEvent {
    field: '$.held.denied'
    value: number
  }

  export interface AppliedResponseHeldLostFieldEvent {
    field: '$.held.lost'
    value: boolean
  }

  export function encode (obj: Partial<AppliedResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AppliedResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AppliedResponse>): AppliedResponse {
    return decodeMessage(buf, AppliedResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AppliedResponse>): Generator<AppliedResponseCountsCreatedFieldEvent | AppliedResponseCountsUpdatedFieldEvent | AppliedResponseCountsDeletedFieldEvent | AppliedResponseCountsAttributesFieldEvent | AppliedResponseProblemsPathFieldEvent | AppliedResponseProblemsCodeFieldEvent | AppliedResponseProblemsMessageFieldEvent | AppliedResponseHeldMicrosFieldEvent | AppliedResponseHeldFilesFieldEvent | AppliedResponseHeldWaitersFieldEvent | AppliedResponseHeldRefreshedFieldEvent | AppliedResponseHeldDeniedFieldEvent | AppliedResponseHeldLostFieldEvent> {
    return streamMessage(buf, AppliedResponse.codec(), opts)
  }
}

export interface HeldMessage {
  micros: number
  files: number
  waiters: number
  refreshed: number
  denied: number
  lost: boolean
}

export namespace HeldMessage {
  let _codec: Codec<HeldMessage>

  export const codec = (): Codec<HeldMessage> => {
    if (_codec == null) {
      _codec = message<HeldMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.micros != null && obj.micros !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.micros)
        }

        if ((obj.files != null && obj.files !== 0)) {
          w.uint32(16)
          w.uint32(obj.files)
        }

        if ((obj.waiters != null && obj.waiters !== 0)) {
          w.uint32(24)
          w.uint32(obj.waiters)
        }

        if ((obj.refreshed != null && obj.refreshed !== 0)) {
          w.uint32(32)
          w.uint32(obj.refreshed)
        }

        if ((obj.denied != null && obj.denied !== 0)) {
          w.uint32(40)
          w.uint32(obj.denied)
        }

        if ((obj.lost != null && obj.lost !== false)) {
          w.uint32(48)
          w.bool(obj.lost)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          micros: 0,
          files: 0,
          waiters: 0,
          refreshed: 0,
          denied: 0,
          lost: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.micros = reader.uint64Number()
              break
            }
            case 2: {
              obj.files = reader.uint32()
              break
            }
            case 3: {
              obj.waiters = reader.uint32()
              break
            }
            case 4: {
              obj.refreshed = reader.uint32()
              break
            }
            case 5: {
              obj.denied = reader.uint32()
              break
            }
            case 6: {
              obj.lost = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.micros`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.files`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.waiters`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.refreshed`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.denied`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.lost`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HeldMessageMicrosFieldEvent {
    field: '$.micros'
    value: number
  }

  export interface HeldMessageFilesFieldEvent {
    field: '$.files'
    value: number
  }

  export interface HeldMessageWaitersFieldEvent {
    field: '$.waiters'
    value: number
  }

  export interface HeldMessageRefreshedFieldEvent {
    field: '$.refreshed'
    value: number
  }

  export interface HeldMessageDeniedFieldEvent {
    field: '$.denied'
    value: number
  }

  export interface HeldMessageLostFieldEvent {
    field: '$.lost'
    value: boolean
  }

  export function encode (obj: Partial<HeldMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HeldMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeldMessage>): HeldMessage {
    return decodeMessage(buf, HeldMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeldMessage>): Generator<HeldMessageMicrosFieldEvent | HeldMessageFilesFieldEvent | HeldMessageWaitersFieldEvent | HeldMessageRefreshedFieldEvent | HeldMessageDeniedFieldEvent | HeldMessageLostFieldEvent> {
    return streamMessage(buf, HeldMessage.codec(), opts)
  }
}

export interface PrepareResponse {
  hold: string
  lack?: ErrorMessage
}

export namespace PrepareResponse {
  let _codec: Codec<PrepareResponse>

  export const codec = (): Codec<PrepareResponse> => {
    if (_codec == null) {
      _codec = message<PrepareResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.hold != null && obj.hold !== '')) {
          w.uint32(10)
          w.string(obj.hold)
        }

        if (obj.lack != null) {
          w.uint32(18)
          ErrorMessage.codec().encode(obj.lack, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          hold: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.hold = reader.string()
              break
            }
            case 2: {
              obj.lack = ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.lack
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.hold`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield * ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.lack`, {
                limits: opts.limits?.lack
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PrepareResponseHoldFieldEvent {
    field: '$.hold'
    value: string
  }

  export interface PrepareResponseLackCodeFieldEvent {
    field: '$.lack.code'
    value: string
  }

  export interface PrepareResponseLackMessageFieldEvent {
    field: '$.lack.message'
    value: string
  }

  export interface PrepareResponseLackPathFieldEvent {
    field: '$.lack.path'
    value: string
  }

  export function encode (obj: Partial<PrepareResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PrepareResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PrepareResponse>): PrepareResponse {
    return decodeMessage(buf, PrepareResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PrepareResponse>): Generator<PrepareResponseHoldFieldEvent | PrepareResponseLackCodeFieldEvent | PrepareResponseLackMessageFieldEvent | PrepareResponseLackPathFieldEvent> {
    return streamMessage(buf, PrepareResponse.codec(), opts)
  }
}

export interface HolesResponse {
  bytes: number
}

export namespace HolesResponse {
  let _codec: Codec<HolesResponse>

  export const codec = (): Codec<HolesResponse> => {
    if (_codec == null) {
      _codec = message<HolesResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.bytes = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HolesResponseBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<HolesResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HolesResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HolesResponse>): HolesResponse {
    return decodeMessage(buf, HolesResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HolesResponse>): Generator<HolesResponseBytesFieldEvent> {
    return streamMessage(buf, HolesResponse.codec(), opts)
  }
}

export interface CheckResponse {
  checked: number
  inconsistent: ProblemMessage[]
}

export namespace CheckResponse {
  let _codec: Codec<CheckResponse>

  export const codec = (): Codec<CheckResponse> => {
    if (_codec == null) {
      _codec = message<CheckResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.checked != null && obj.checked !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.checked)
        }

        if (obj.inconsistent != null && obj.inconsistent.length > 0) {
          for (const value of obj.inconsistent) {
            w.uint32(18)
            ProblemMessage.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          checked: 0,
          inconsistent: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.checked = reader.uint64Number()
              break
            }
            case 2: {
              if (opts.limits?.inconsistent != null && obj.inconsistent.length === opts.limits.inconsistent) {
                throw new MaxLengthError('Decode error - repeated field "inconsistent" had too many elements')
              }

              obj.inconsistent.push(ProblemMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.inconsistent$
              }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          inconsistent: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.checked`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              if (opts.limits?.inconsistent != null && obj.inconsistent === opts.limits.inconsistent) {
                throw new MaxLengthError('Streaming decode error - repeated field "inconsistent" had too many elements')
              }

              for (const evt of ProblemMessage.codec().stream(reader, reader.uint32(), `${prefix}.inconsistent[]`, {
                limits: opts.limits?.inconsistent$
              })) {
                yield {
                  ...evt,
                  index: obj.inconsistent
                }
              }

              obj.inconsistent++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CheckResponseCheckedFieldEvent {
    field: '$.checked'
    value: number
  }

  export interface CheckResponseInconsistentPathFieldEvent {
    field: '$.inconsistent[].path'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface CheckResponseInconsistentCodeFieldEvent {
    field: '$.inconsistent[].code'
    value: string
    index: number
  }

  export interface CheckResponseInconsistentMessageFieldEvent {
    field: '$.inconsistent[].message'
    value: string
    index: number
  }

  export function encode (obj: Partial<CheckResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, CheckResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CheckResponse>): CheckResponse {
    return decodeMessage(buf, CheckResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<CheckResponse>): Generator<CheckResponseCheckedFieldEvent | CheckResponseInconsistentPathFieldEvent | CheckResponseInconsistentCodeFieldEvent | CheckResponseInconsistentMessageFieldEvent> {
    return streamMessage(buf, CheckResponse.codec(), opts)
  }
}

export interface ContentRequest {
  id: number
  round?: RoundMessage
  statement: number
  ranges: Uint8Array<ArrayBuffer>
  chunkIndex?: number
  chunkBatches?: ChunkBatchesRequest
  fragments?: FragmentsRequest
  unit?: UnitMessage
  fresh: boolean
  follow?: boolean
  cancel?: number
  received?: number
}

export namespace ContentRequest {
  let _codec: Codec<ContentRequest>

  export const codec = (): Codec<ContentRequest> => {
    if (_codec == null) {
      _codec = message<ContentRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if (obj.round != null) {
          w.uint32(18)
          RoundMessage.codec().encode(obj.round, w)
        }

        if ((obj.statement != null && obj.statement !== 0)) {
          w.uint32(24)
          w.uint32(obj.statement)
        }

        if ((obj.ranges != null && obj.ranges.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.ranges)
        }

        if (obj.chunkIndex != null) {
          w.uint32(40)
          w.uint32(obj.chunkIndex)
        }

        if (obj.chunkBatches != null) {
          w.uint32(50)
          ChunkBatchesRequest.codec().encode(obj.chunkBatches, w)
        }

        if (obj.fragments != null) {
          w.uint32(58)
          FragmentsRequest.codec().encode(obj.fragments, w)
        }

        if (obj.unit != null) {
          w.uint32(66)
          UnitMessage.codec().encode(obj.unit, w)
        }

        if ((obj.fresh != null && obj.fresh !== false)) {
          w.uint32(72)
          w.bool(obj.fresh)
        }

        if (obj.follow != null) {
          w.uint32(80)
          w.bool(obj.follow)
        }

        if (obj.cancel != null) {
          w.uint32(88)
          w.uint32(obj.cancel)
        }

        if (obj.received != null) {
          w.uint32(96)
          w.uint32(obj.received)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          statement: 0,
          ranges: uint8ArrayAlloc(0),
          fresh: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.round = RoundMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.round
              })
              break
            }
            case 3: {
              obj.statement = reader.uint32()
              break
            }
            case 4: {
              obj.ranges = reader.bytes()
              break
            }
            case 5: {
              obj.chunkIndex = reader.uint32()
              break
            }
            case 6: {
              obj.chunkBatches = ChunkBatchesRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.chunkBatches
              })
              break
            }
            case 7: {
              obj.fragments = FragmentsRequest.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.fragments
              })
              break
            }
            case 8: {
              obj.unit = UnitMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.unit
              })
              break
            }
            case 9: {
              obj.fresh = reader.bool()
              break
            }
            case 10: {
              obj.follow = reader.bool()
              break
            }
            case 11: {
              obj.cancel = reader.uint32()
              break
            }
            case 12: {
              obj.received = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield * RoundMessage.codec().stream(reader, reader.uint32(), `${prefix}.round`, {
                limits: opts.limits?.round
              })

              break
            }
            case 3: {
              yield {
                field: `${prefix}.statement`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.ranges`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.chunkIndex`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield * ChunkBatchesRequest.codec().stream(reader, reader.uint32(), `${prefix}.chunkBatches`, {
                limits: opts.limits?.chunkBatches
              })

              break
            }
            case 7: {
              yield * FragmentsRequest.codec().stream(reader, reader.uint32(), `${prefix}.fragments`, {
                limits: opts.limits?.fragments
              })

              break
            }
            case 8: {
              yield * UnitMessage.codec().stream(reader, reader.uint32(), `${prefix}.unit`, {
                limits: opts.limits?.unit
              })

              break
            }
            case 9: {
              yield {
                field: `${prefix}.fresh`,
                value: reader.bool()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.follow`,
                value: reader.bool()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.cancel`,
                value: reader.uint32()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.received`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ContentRequestIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface ContentRequestRoundRootFieldEvent {
    field: '$.round.root'
    value: string
  }

  export interface ContentRequestRoundEpochFieldEvent {
    field: '$.round.epoch'
    value: number
  }

  export interface ContentRequestRoundSequenceFieldEvent {
    field: '$.round.sequence'
    value: number
  }

  export interface ContentRequestRoundTermFieldEvent {
    field: '$.round.term'
    value: number
  }

  export interface ContentRequestStatementFieldEvent {
    field: '$.statement'
    value: number
  }

  export interface ContentRequestRangesFieldEvent {
    field: '$.ranges'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ContentRequestChunkIndexFieldEvent {
    field: '$.chunkIndex'
    value: number
  }

  export interface ContentRequestChunkBatchesIndexFieldEvent {
    field: '$.chunkBatches.index'
    value: number
  }

  export interface ContentRequestChunkBatchesFirstFieldEvent {
    field: '$.chunkBatches.first'
    value: number
  }

  export interface ContentRequestChunkBatchesCountFieldEvent {
    field: '$.chunkBatches.count'
    value: number
  }

  export interface ContentRequestFragmentsIndexFieldEvent {
    field: '$.fragments.index'
    value: number
  }

  export interface ContentRequestFragmentsOffsetFieldEvent {
    field: '$.fragments.offset'
    value: number
  }

  export interface ContentRequestFragmentsLengthFieldEvent {
    field: '$.fragments.length'
    value: number
  }

  export interface ContentRequestUnitIndexFieldEvent {
    field: '$.unit.index'
    value: number
  }

  export interface ContentRequestUnitOffsetFieldEvent {
    field: '$.unit.offset'
    value: number
  }

  export interface ContentRequestFreshFieldEvent {
    field: '$.fresh'
    value: boolean
  }

  export interface ContentRequestFollowFieldEvent {
    field: '$.follow'
    value: boolean
  }

  export interface ContentRequestCancelFieldEvent {
    field: '$.cancel'
    value: number
  }

  export interface ContentRequestReceivedFieldEvent {
    field: '$.received'
    value: number
  }

  export function encode (obj: Partial<ContentRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ContentRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ContentRequest>): ContentRequest {
    return decodeMessage(buf, ContentRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ContentRequest>): Generator<ContentRequestIdFieldEvent | ContentRequestRoundRootFieldEvent | ContentRequestRoundEpochFieldEvent | ContentRequestRoundSequenceFieldEvent | ContentRequestRoundTermFieldEvent | ContentRequestStatementFieldEvent | ContentRequestRangesFieldEvent | ContentRequestChunkIndexFieldEvent | ContentRequestChunkBatchesIndexFieldEvent | ContentRequestChunkBatchesFirstFieldEvent | ContentRequestChunkBatchesCountFieldEvent | ContentRequestFragmentsIndexFieldEvent | ContentRequestFragmentsOffsetFieldEvent | ContentRequestFragmentsLengthFieldEvent | ContentRequestUnitIndexFieldEvent | ContentRequestUnitOffsetFieldEvent | ContentRequestFreshFieldEvent | ContentRequestFollowFieldEvent | ContentRequestCancelFieldEvent | ContentRequestReceivedFieldEvent> {
    return streamMessage(buf, ContentRequest.codec(), opts)
  }
}

export interface UnitMessage {
  index: number
  offset: number
}

export namespace UnitMessage {
  let _codec: Codec<UnitMessage>

  export const codec = (): Codec<UnitMessage> => {
    if (_codec == null) {
      _codec = message<UnitMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.index != null && obj.index !== 0)) {
          w.uint32(8)
          w.uint32(obj.index)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.offset)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          index: 0,
          offset: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.index = reader.uint32()
              break
            }
            case 2: {
              obj.offset = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.index`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offset`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface UnitMessageIndexFieldEvent {
    field: '$.index'
    value: number
  }

  export interface UnitMessageOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export function encode (obj: Partial<UnitMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, UnitMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<UnitMessage>): UnitMessage {
    return decodeMessage(buf, UnitMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<UnitMessage>): Generator<UnitMessageIndexFieldEvent | UnitMessageOffsetFieldEvent> {
    return streamMessage(buf, UnitMessage.codec(), opts)
  }
}

export interface ChunkBatchesRequest {
  index: number
  first: number
  count: number
}

export namespace ChunkBatchesRequest {
  let _codec: Codec<ChunkBatchesRequest>

  export const codec = (): Codec<ChunkBatchesRequest> => {
    if (_codec == null) {
      _codec = message<ChunkBatchesRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.index != null && obj.index !== 0)) {
          w.uint32(8)
          w.uint32(obj.index)
        }

        if ((obj.first != null && obj.first !== 0)) {
          w.uint32(16)
          w.uint32(obj.first)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(24)
          w.uint32(obj.count)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          index: 0,
          first: 0,
          count: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.index = reader.uint32()
              break
            }
            case 2: {
              obj.first = reader.uint32()
              break
            }
            case 3: {
              obj.count = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.index`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.first`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ChunkBatchesRequestIndexFieldEvent {
    field: '$.index'
    value: number
  }

  export interface ChunkBatchesRequestFirstFieldEvent {
    field: '$.first'
    value: number
  }

  export interface ChunkBatchesRequestCountFieldEvent {
    field: '$.count'
    value: number
  }

  export function encode (obj: Partial<ChunkBatchesRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ChunkBatchesRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChunkBatchesRequest>): ChunkBatchesRequest {
    return decodeMessage(buf, ChunkBatchesRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ChunkBatchesRequest>): Generator<ChunkBatchesRequestIndexFieldEvent | ChunkBatchesRequestFirstFieldEvent | ChunkBatchesRequestCountFieldEvent> {
    return streamMessage(buf, ChunkBatchesRequest.codec(), opts)
  }
}

export interface FragmentsRequest {
  index: number
  offset: number
  length: number
}

export namespace FragmentsRequest {
  let _codec: Codec<FragmentsRequest>

  export const codec = (): Codec<FragmentsRequest> => {
    if (_codec == null) {
      _codec = message<FragmentsRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.index != null && obj.index !== 0)) {
          w.uint32(8)
          w.uint32(obj.index)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.offset)
        }

        if ((obj.length != null && obj.length !== 0)) {
          w.uint32(24)
          w.uint32(obj.length)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          index: 0,
          offset: 0,
          length: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.index = reader.uint32()
              break
            }
            case 2: {
              obj.offset = reader.uint64Number()
              break
            }
            case 3: {
              obj.length = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.index`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offset`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.length`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface FragmentsRequestIndexFieldEvent {
    field: '$.index'
    value: number
  }

  export interface FragmentsRequestOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export interface FragmentsRequestLengthFieldEvent {
    field: '$.length'
    value: number
  }

  export function encode (obj: Partial<FragmentsRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, FragmentsRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FragmentsRequest>): FragmentsRequest {
    return decodeMessage(buf, FragmentsRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<FragmentsRequest>): Generator<FragmentsRequestIndexFieldEvent | FragmentsRequestOffsetFieldEvent | FragmentsRequestLengthFieldEvent> {
    return streamMessage(buf, FragmentsRequest.codec(), opts)
  }
}

export interface AssignRequest {
  assignment: Uint8Array<ArrayBuffer>
}

export namespace AssignRequest {
  let _codec: Codec<AssignRequest>

  export const codec = (): Codec<AssignRequest> => {
    if (_codec == null) {
      _codec = message<AssignRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.assignment != null && obj.assignment.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.assignment)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          assignment: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.assignment = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.assignment`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AssignRequestAssignmentFieldEvent {
    field: '$.assignment'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<AssignRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AssignRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AssignRequest>): AssignRequest {
    return decodeMessage(buf, AssignRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AssignRequest>): Generator<AssignRequestAssignmentFieldEvent> {
    return streamMessage(buf, AssignRequest.codec(), opts)
  }
}

export interface AssignResponse {
  error?: ErrorMessage
  epoch: number
}

export namespace AssignResponse {
  let _codec: Codec<AssignResponse>

  export const codec = (): Codec<AssignResponse> => {
    if (_codec == null) {
      _codec = message<AssignResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.error != null) {
          w.uint32(10)
          ErrorMessage.codec().encode(obj.error, w)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          epoch: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.error = ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.error
              })
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.error`, {
                limits: opts.limits?.error
              })

              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AssignResponseErrorCodeFieldEvent {
    field: '$.error.code'
    value: string
  }

  export interface AssignResponseErrorMessageFieldEvent {
    field: '$.error.message'
    value: string
  }

  export interface AssignResponseErrorPathFieldEvent {
    field: '$.error.path'
    value: string
  }

  export interface AssignResponseEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export function encode (obj: Partial<AssignResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AssignResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AssignResponse>): AssignResponse {
    return decodeMessage(buf, AssignResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AssignResponse>): Generator<AssignResponseErrorCodeFieldEvent | AssignResponseErrorMessageFieldEvent | AssignResponseErrorPathFieldEvent | AssignResponseEpochFieldEvent> {
    return streamMessage(buf, AssignResponse.codec(), opts)
  }
}

export interface ControlRequest {
  assign?: ControlAssign
  status?: ControlStatus
  round?: ControlRound
}

export namespace ControlRequest {
  let _codec: Codec<ControlRequest>

  export const codec = (): Codec<ControlRequest> => {
    if (_codec == null) {
      _codec = message<ControlRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.round != null) {
          obj.status = undefined
          obj.assign = undefined
        }

        if (obj.status != null) {
          obj.round = undefined
          obj.assign = undefined
        }

        if (obj.assign != null) {
          obj.round = undefined
          obj.status = undefined
        }

        if (obj.assign != null) {
          w.uint32(10)
          ControlAssign.codec().encode(obj.assign, w)
        }

        if (obj.status != null) {
          w.uint32(18)
          ControlStatus.codec().encode(obj.status, w)
        }

        if (obj.round != null) {
          w.uint32(26)
          ControlRound.codec().encode(obj.round, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.assign = ControlAssign.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.assign
              })
              break
            }
            case 2: {
              obj.status = ControlStatus.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.status
              })
              break
            }
            case 3: {
              obj.round = ControlRound.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.round
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.round != null) {
          delete obj.status
          delete obj.assign
        }

        if (obj.status != null) {
          delete obj.round
          delete obj.assign
        }

        if (obj.assign != null) {
          delete obj.round
          delete obj.status
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * ControlAssign.codec().stream(reader, reader.uint32(), `${prefix}.assign`, {
                limits: opts.limits?.assign
              })

              break
            }
            case 2: {
              yield * ControlStatus.codec().stream(reader, reader.uint32(), `${prefix}.status`, {
                limits: opts.limits?.status
              })

              break
            }
            case 3: {
              yield * ControlRound.codec().stream(reader, reader.uint32(), `${prefix}.round`, {
                limits: opts.limits?.round
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ControlRequestAssignAssignmentFieldEvent {
    field: '$.assign.assignment'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ControlRequestRoundOrderFieldEvent {
    field: '$.round.order'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ControlRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ControlRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlRequest>): ControlRequest {
    return decodeMessage(buf, ControlRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlRequest>): Generator<ControlRequestAssignAssignmentFieldEvent | ControlRequestRoundOrderFieldEvent> {
    return streamMessage(buf, ControlRequest.codec(), opts)
  }
}

export interface ControlAssign {
  assignment: Uint8Array<ArrayBuffer>
}

export namespace ControlAssign {
  let _codec: Codec<ControlAssign>

  export const codec = (): Codec<ControlAssign> => {
    if (_codec == null) {
      _codec = message<ControlAssign>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.assignment != null && obj.assignment.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.assignment)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          assignment: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.assignment = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.assignment`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ControlAssignAssignmentFieldEvent {
    field: '$.assignment'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ControlAssign>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ControlAssign.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlAssign>): ControlAssign {
    return decodeMessage(buf, ControlAssign.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlAssign>): Generator<ControlAssignAssignmentFieldEvent> {
    return streamMessage(buf, ControlAssign.codec(), opts)
  }
}

export interface ControlStatus {}

export namespace ControlStatus {
  let _codec: Codec<ControlStatus>

  export const codec = (): Codec<ControlStatus> => {
    if (_codec == null) {
      _codec = message<ControlStatus>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<ControlStatus>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ControlStatus.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlStatus>): ControlStatus {
    return decodeMessage(buf, ControlStatus.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlStatus>): Generator<{}> {
    return streamMessage(buf, ControlStatus.codec(), opts)
  }
}

export interface ControlRound {
  order: Uint8Array<ArrayBuffer>
}

export namespace ControlRound {
  let _codec: Codec<ControlRound>

  export const codec = (): Codec<ControlRound> => {
    if (_codec == null) {
      _codec = message<ControlRound>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.order != null && obj.order.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.order)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          order: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.order = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.order`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ControlRoundOrderFieldEvent {
    field: '$.order'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<ControlRound>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ControlRound.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlRound>): ControlRound {
    return decodeMessage(buf, ControlRound.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlRound>): Generator<ControlRoundOrderFieldEvent> {
    return streamMessage(buf, ControlRound.codec(), opts)
  }
}

export interface ControlResponse {
  error?: ErrorMessage
  deliveries: DeliveryMessage[]
  status?: StatusMessage
  event?: string
  beat: boolean
}

export namespace ControlResponse {
  let _codec: Codec<ControlResponse>

  export const codec = (): Codec<ControlResponse> => {
    if (_codec == null) {
      _codec = message<ControlResponse>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.error != null) {
          w.uint32(10)
          ErrorMessage.codec().encode(obj.error, w)
        }

        if (obj.deliveries != null && obj.deliveries.length > 0) {
          for (const value of obj.deliveries) {
            w.uint32(18)
            DeliveryMessage.codec().encode(value, w)
          }
        }

        if (obj.status != null) {
          w.uint32(26)
          StatusMessage.codec().encode(obj.status, w)
        }

        if (obj.event != null) {
          w.uint32(34)
          w.string(obj.event)
        }

        if ((obj.beat != null && obj.beat !== false)) {
          w.uint32(40)
          w.bool(obj.beat)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          deliveries: [],
          beat: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.error = ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.error
              })
              break
            }
            case 2: {
              if (opts.limits?.deliveries != null && obj.deliveries.length === opts.limits.deliveries) {
                throw new MaxLengthError('Decode error - repeated field "deliveries" had too many elements')
              }

              obj.deliveries.push(DeliveryMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.deliveries$
              }))
              break
            }
            case 3: {
              obj.status = StatusMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.status
              })
              break
            }
            case 4: {
              obj.event = reader.string()
              break
            }
            case 5: {
              obj.beat = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          deliveries: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.error`, {
                limits: opts.limits?.error
              })

              break
            }
            case 2: {
              if (opts.limits?.deliveries != null && obj.deliveries === opts.limits.deliveries) {
                throw new MaxLengthError('Streaming decode error - repeated field "deliveries" had too many elements')
              }

              for (const evt of DeliveryMessage.codec().stream(reader, reader.uint32(), `${prefix}.deliveries[]`, {
                limits: opts.limits?.deliveries$
              })) {
                yield {
                  ...evt,
                  index: obj.deliveries
                }
              }

              obj.deliveries++

              break
            }
            case 3: {
              yield * StatusMessage.codec().stream(reader, reader.uint32(), `${prefix}.status`, {
                limits: opts.limits?.status
              })

              break
            }
            case 4: {
              yield {
                field: `${prefix}.event`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.beat`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ControlResponseErrorCodeFieldEvent {
    field: '$.error.code'
    value: string
  }

  export interface ControlResponseErrorMessageFieldEvent {
    field: '$.error.message'
    value: string
  }

  export interface ControlResponseErrorPathFieldEvent {
    field: '$.error.path'
    value: string
  }

  export interface ControlResponseDeliveriesHostFieldEvent {
    field: '$.deliveries[].host'
    value: string
    index: number
  }

  export interface ControlResponseDeliveriesErrorCodeFieldEvent {
    field: '$.deliveries[].error.code'
    value: string
    index: number
  }

  export interface ControlResponseDeliveriesErrorMessageFieldEvent {
    field: '$.deliveries[].error.message'
    value: string
    index: number
  }

  export interface ControlResponseDeliveriesErrorPathFieldEvent {
    field: '$.deliveries[].error.path'
    value: string
    index: number
  }

  export interface ControlResponseStatusPeerFieldEvent {
    field: '$.status.peer'
    value: string
  }

  export interface ControlResponseStatusVersionFieldEvent {
    field: '$.status.version'
    value: string
  }

  export interface ControlResponseStatusRootsRootFieldEvent {
    field: '$.status.roots[].root'
    value: string
    index: number
  }

  export interface ControlResponseStatusRootsEpochFieldEvent {
    field: '$.status.roots[].epoch'
    value: number
    index: number
  }

  export interface ControlResponseStatusRootsSequenceFieldEvent {
    field: '$.status.roots[].sequence'
    value: number
    index: number
  }

  export interface ControlResponseStatusRootsRolesFieldEvent {
    field: '$.status.roots[].roles[]'
    index: number
    value: string
  }

  export interface ControlResponseStatusRootsServedFieldEvent {
    field: '$.status.roots[].served'
    value: boolean
    index: number
  }

  export interface ControlResponseStatusRootsBusyFieldEvent {
    field: '$.status.roots[].busy'
    value: boolean
    index: number
  }

  export interface ControlResponseStatusRootsLastRoundFieldEvent {
    field: '$.status.roots[].lastRound'
    value: string
    index: number
  }

  export interface ControlResponseStatusRootsHeldFieldEvent {
    field: '$.status.roots[].held'
    value: number
    index: number
  }

  export interface ControlResponseStatusRootsCheckingFieldEvent {
    field: '$.status.roots[].checking'
    value: number
    index: number
  }

  export interface ControlResponseStatusRootsRolesDigestFieldEvent {
    field: '$.status.roots[].rolesDigest'
    value: string
    index: number
  }

  export interface ControlResponseStatusRootsStalledMsFieldEvent {
    field: '$.status.roots[].stalledMs'
    value: number
    index: number
  }

  export interface ControlResponseStatusLacksFieldEvent {
    field: '$.status.lacks[]'
    index: number
    value: string
  }

  export interface ControlResponseEventFieldEvent {
    field: '$.event'
    value: string
  }

  export interface ControlResponseBeatFieldEvent {
    field: '$.beat'
    value: boolean
  }

  export function encode (obj: Partial<ControlResponse>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ControlResponse.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlResponse>): ControlResponse {
    return decodeMessage(buf, ControlResponse.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ControlResponse>): Generator<ControlResponseErrorCodeFieldEvent | ControlResponseErrorMessageFieldEvent | ControlResponseErrorPathFieldEvent | ControlResponseDeliveriesHostFieldEvent | ControlResponseDeliveriesErrorCodeFieldEvent | ControlResponseDeliveriesErrorMessageFieldEvent | ControlResponseDeliveriesErrorPathFieldEvent | ControlResponseStatusPeerFieldEvent | ControlResponseStatusVersionFieldEvent | ControlResponseStatusRootsRootFieldEvent | ControlResponseStatusRootsEpochFieldEvent | ControlResponseStatusRootsSequenceFieldEvent | ControlResponseStatusRootsRolesFieldEvent | ControlResponseStatusRootsServedFieldEvent | ControlResponseStatusRootsBusyFieldEvent | ControlResponseStatusRootsLastRoundFieldEvent | ControlResponseStatusRootsHeldFieldEvent | ControlResponseStatusRootsCheckingFieldEvent | ControlResponseStatusRootsRolesDigestFieldEvent | ControlResponseStatusRootsStalledMsFieldEvent | ControlResponseStatusLacksFieldEvent | ControlResponseEventFieldEvent | ControlResponseBeatFieldEvent> {
    return streamMessage(buf, ControlResponse.codec(), opts)
  }
}

export interface DeliveryMessage {
  host: string
  error?: ErrorMessage
}

export namespace DeliveryMessage {
  let _codec: Codec<DeliveryMessage>

  export const codec = (): Codec<DeliveryMessage> => {
    if (_codec == null) {
      _codec = message<DeliveryMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.host != null && obj.host !== '')) {
          w.uint32(10)
          w.string(obj.host)
        }

        if (obj.error != null) {
          w.uint32(18)
          ErrorMessage.codec().encode(obj.error, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          host: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.host = reader.string()
              break
            }
            case 2: {
              obj.error = ErrorMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.error
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.host`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield * ErrorMessage.codec().stream(reader, reader.uint32(), `${prefix}.error`, {
                limits: opts.limits?.error
              })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface DeliveryMessageHostFieldEvent {
    field: '$.host'
    value: string
  }

  export interface DeliveryMessageErrorCodeFieldEvent {
    field: '$.error.code'
    value: string
  }

  export interface DeliveryMessageErrorMessageFieldEvent {
    field: '$.error.message'
    value: string
  }

  export interface DeliveryMessageErrorPathFieldEvent {
    field: '$.error.path'
    value: string
  }

  export function encode (obj: Partial<DeliveryMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DeliveryMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DeliveryMessage>): DeliveryMessage {
    return decodeMessage(buf, DeliveryMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DeliveryMessage>): Generator<DeliveryMessageHostFieldEvent | DeliveryMessageErrorCodeFieldEvent | DeliveryMessageErrorMessageFieldEvent | DeliveryMessageErrorPathFieldEvent> {
    return streamMessage(buf, DeliveryMessage.codec(), opts)
  }
}

export interface StatusMessage {
  peer: string
  version: string
  roots: RootStatusMessage[]
  lacks: string[]
}

export namespace StatusMessage {
  let _codec: Codec<StatusMessage>

  export const codec = (): Codec<StatusMessage> => {
    if (_codec == null) {
      _codec = message<StatusMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(10)
          w.string(obj.peer)
        }

        if ((obj.version != null && obj.version !== '')) {
          w.uint32(18)
          w.string(obj.version)
        }

        if (obj.roots != null && obj.roots.length > 0) {
          for (const value of obj.roots) {
            w.uint32(26)
            RootStatusMessage.codec().encode(value, w)
          }
        }

        if (obj.lacks != null && obj.lacks.length > 0) {
          for (const value of obj.lacks) {
            w.uint32(34)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: '',
          version: '',
          roots: [],
          lacks: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.string()
              break
            }
            case 2: {
              obj.version = reader.string()
              break
            }
            case 3: {
              if (opts.limits?.roots != null && obj.roots.length === opts.limits.roots) {
                throw new MaxLengthError('Decode error - repeated field "roots" had too many elements')
              }

              obj.roots.push(RootStatusMessage.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.roots$
              }))
              break
            }
            case 4: {
              if (opts.limits?.lacks != null && obj.lacks.length === opts.limits.lacks) {
                throw new MaxLengthError('Decode error - repeated field "lacks" had too many elements')
              }

              obj.lacks.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          roots: 0,
          lacks: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.version`,
                value: reader.string()
              }
              break
            }
            case 3: {
              if (opts.limits?.roots != null && obj.roots === opts.limits.roots) {
                throw new MaxLengthError('Streaming decode error - repeated field "roots" had too many elements')
              }

              for (const evt of RootStatusMessage.codec().stream(reader, reader.uint32(), `${prefix}.roots[]`, {
                limits: opts.limits?.roots$
              })) {
                yield {
                  ...evt,
                  index: obj.roots
                }
              }

              obj.roots++

              break
            }
            case 4: {
              if (opts.limits?.lacks != null && obj.lacks === opts.limits.lacks) {
                throw new MaxLengthError('Streaming decode error - repeated field "lacks" had too many elements')
              }

              yield {
                field: `${prefix}.lacks[]`,
                index: obj.lacks,
                value: reader.string()
              }

              obj.lacks++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StatusMessagePeerFieldEvent {
    field: '$.peer'
    value: string
  }

  export interface StatusMessageVersionFieldEvent {
    field: '$.version'
    value: string
  }

  export interface StatusMessageRootsRootFieldEvent {
    field: '$.roots[].root'
    value: string
    index: number
  }

  export interface StatusMessageRootsEpochFieldEvent {
    field: '$.roots[].epoch'
    value: number
    index: number
  }

  export interface StatusMessageRootsSequenceFieldEvent {
    field: '$.roots[].sequence'
    value: number
    index: number
  }

  export interface StatusMessageRootsRolesFieldEvent {
    field: '$.roots[].roles[]'
    index: number
    value: string
  }

  export interface StatusMessageRootsServedFieldEvent {
    field: '$.roots[].served'
    value: boolean
    index: number
  }

  export interface StatusMessageRootsBusyFieldEvent {
    field: '$.roots[].busy'
    value: boolean
    index: number
  }

  export interface StatusMessageRootsLastRoundFieldEvent {
    field: '$.roots[].lastRound'
    value: string
    index: number
  }

  export interface StatusMessageRootsHeldFieldEvent {
    field: '$.roots[].held'
    value: number
    index: number
  }

  export interface StatusMessageRootsCheckingFieldEvent {
    field: '$.roots[].checking'
    value: number
    index: number
  }

  export interface StatusMessageRootsRolesDigestFieldEvent {
    field: '$.roots[].rolesDigest'
    value: string
    index: number
  }

  export interface StatusMessageRootsStalledMsFieldEvent {
    field: '$.roots[].stalledMs'
    value: number
    index: number
  }

  export interface StatusMessageLacksFieldEvent {
    field: '$.lacks[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<StatusMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StatusMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusMessage>): StatusMessage {
    return decodeMessage(buf, StatusMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusMessage>): Generator<StatusMessagePeerFieldEvent | StatusMessageVersionFieldEvent | StatusMessageRootsRootFieldEvent | StatusMessageRootsEpochFieldEvent | StatusMessageRootsSequenceFieldEvent | StatusMessageRootsRolesFieldEvent | StatusMessageRootsServedFieldEvent | StatusMessageRootsBusyFieldEvent | StatusMessageRootsLastRoundFieldEvent | StatusMessageRootsHeldFieldEvent | StatusMessageRootsCheckingFieldEvent | StatusMessageRootsRolesDigestFieldEvent | StatusMessageRootsStalledMsFieldEvent | StatusMessageLacksFieldEvent> {
    return streamMessage(buf, StatusMessage.codec(), opts)
  }
}

export interface RootStatusMessage {
  root: string
  epoch: number
  sequence: number
  roles: string[]
  served: boolean
  busy: boolean
  lastRound?: string
  held: number
  checking: number
  rolesDigest: string
  stalledMs: number
}

export namespace RootStatusMessage {
  let _codec: Codec<RootStatusMessage>

  export const codec = (): Codec<RootStatusMessage> => {
    if (_codec == null) {
      _codec = message<RootStatusMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.root != null && obj.root !== '')) {
          w.uint32(10)
          w.string(obj.root)
        }

        if ((obj.epoch != null && obj.epoch !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.epoch)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.sequence)
        }

        if (obj.roles != null && obj.roles.length > 0) {
          for (const value of obj.roles) {
            w.uint32(34)
            w.string(value)
          }
        }

        if ((obj.served != null && obj.served !== false)) {
          w.uint32(40)
          w.bool(obj.served)
        }

        if ((obj.busy != null && obj.busy !== false)) {
          w.uint32(48)
          w.bool(obj.busy)
        }

        if (obj.lastRound != null) {
          w.uint32(58)
          w.string(obj.lastRound)
        }

        if ((obj.held != null && obj.held !== 0)) {
          w.uint32(64)
          w.uint32(obj.held)
        }

        if ((obj.checking != null && obj.checking !== 0)) {
          w.uint32(72)
          w.uint32(obj.checking)
        }

        if ((obj.rolesDigest != null && obj.rolesDigest !== '')) {
          w.uint32(82)
          w.string(obj.rolesDigest)
        }

        if ((obj.stalledMs != null && obj.stalledMs !== 0)) {
          w.uint32(88)
          w.uint32(obj.stalledMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          root: '',
          epoch: 0,
          sequence: 0,
          roles: [],
          served: false,
          busy: false,
          held: 0,
          checking: 0,
          rolesDigest: '',
          stalledMs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.root = reader.string()
              break
            }
            case 2: {
              obj.epoch = reader.uint64Number()
              break
            }
            case 3: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 4: {
              if (opts.limits?.roles != null && obj.roles.length === opts.limits.roles) {
                throw new MaxLengthError('Decode error - repeated field "roles" had too many elements')
              }

              obj.roles.push(reader.string())
              break
            }
            case 5: {
              obj.served = reader.bool()
              break
            }
            case 6: {
              obj.busy = reader.bool()
              break
            }
            case 7: {
              obj.lastRound = reader.string()
              break
            }
            case 8: {
              obj.held = reader.uint32()
              break
            }
            case 9: {
              obj.checking = reader.uint32()
              break
            }
            case 10: {
              obj.rolesDigest = reader.string()
              break
            }
            case 11: {
              obj.stalledMs = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          roles: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.root`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.epoch`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              if (opts.limits?.roles != null && obj.roles === opts.limits.roles) {
                throw new MaxLengthError('Streaming decode error - repeated field "roles" had too many elements')
              }

              yield {
                field: `${prefix}.roles[]`,
                index: obj.roles,
                value: reader.string()
              }

              obj.roles++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.served`,
                value: reader.bool()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.busy`,
                value: reader.bool()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.lastRound`,
                value: reader.string()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.held`,
                value: reader.uint32()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.checking`,
                value: reader.uint32()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.rolesDigest`,
                value: reader.string()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.stalledMs`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RootStatusMessageRootFieldEvent {
    field: '$.root'
    value: string
  }

  export interface RootStatusMessageEpochFieldEvent {
    field: '$.epoch'
    value: number
  }

  export interface RootStatusMessageSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface RootStatusMessageRolesFieldEvent {
    field: '$.roles[]'
    index: number
    value: string
  }

  export interface RootStatusMessageServedFieldEvent {
    field: '$.served'
    value: boolean
  }

  export interface RootStatusMessageBusyFieldEvent {
    field: '$.busy'
    value: boolean
  }

  export interface RootStatusMessageLastRoundFieldEvent {
    field: '$.lastRound'
    value: string
  }

  export interface RootStatusMessageHeldFieldEvent {
    field: '$.held'
    value: number
  }

  export interface RootStatusMessageCheckingFieldEvent {
    field: '$.checking'
    value: number
  }

  export interface RootStatusMessageRolesDigestFieldEvent {
    field: '$.rolesDigest'
    value: string
  }

  export interface RootStatusMessageStalledMsFieldEvent {
    field: '$.stalledMs'
    value: number
  }

  export function encode (obj: Partial<RootStatusMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RootStatusMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RootStatusMessage>): RootStatusMessage {
    return decodeMessage(buf, RootStatusMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RootStatusMessage>): Generator<RootStatusMessageRootFieldEvent | RootStatusMessageEpochFieldEvent | RootStatusMessageSequenceFieldEvent | RootStatusMessageRolesFieldEvent | RootStatusMessageServedFieldEvent | RootStatusMessageBusyFieldEvent | RootStatusMessageLastRoundFieldEvent | RootStatusMessageHeldFieldEvent | RootStatusMessageCheckingFieldEvent | RootStatusMessageRolesDigestFieldEvent | RootStatusMessageStalledMsFieldEvent> {
    return streamMessage(buf, RootStatusMessage.codec(), opts)
  }
}
