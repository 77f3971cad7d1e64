#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "sim/world/world.h"

namespace tidelog::sim {
namespace {

constexpr uint64_t kSector = 512;
constexpr uint64_t kPlenty = UINT64_MAX / 2;

DiskVerdict::Progress ProgressOf(uint32_t variant) {
  return static_cast<DiskVerdict::Progress>(variant % 3);
}

// A fate that is none that an honest sync has.
SyncFate LieOf(uint32_t variant) {
  switch (variant % 3) {
    case 0:
      return SyncFate::kSome;
    case 1:
      return SyncFate::kLost;
    default:
      return SyncFate::kVolatile;
  }
}

// Of an honest sync that fails.  Files: pages may be clean and lost.  Directories: the names are
// durable now, or with the next sync that says OK, which is what FileSystem promises: a file system
// whose journal cannot be written stops, and does not go on without what was in it.
SyncFate FailureOf(DiskOperation operation, uint32_t variant) {
  if (operation != DiskOperation::kSyncDirectory) return static_cast<SyncFate>(variant % 4);
  return variant % 2 == 0 ? SyncFate::kDurable : SyncFate::kVolatile;
}

bool IsSync(DiskOperation operation) {
  return operation == DiskOperation::kSync || operation == DiskOperation::kSyncWord ||
         operation == DiskOperation::kSyncDirectory;
}

bool IsOfRequest(FaultClass kind) {
  return kind >= FaultClass::kRequestLost && kind <= FaultClass::kSpuriousEnd;
}

LogFaultKind LogKindOf(FaultClass kind) {
  return static_cast<LogFaultKind>(static_cast<int>(kind) -
                                   static_cast<int>(FaultClass::kRequestLost));
}
static_assert(static_cast<int>(FaultClass::kSpuriousEnd) -
                  static_cast<int>(FaultClass::kRequestLost) ==
              static_cast<int>(LogFaultKind::kSpuriousEnd));

void Join(const LogVerdict& more, LogVerdict* verdict) {
  verdict->request_lost |= more.request_lost;
  verdict->reply_lost |= more.reply_lost;
  verdict->duplicate |= more.duplicate;
  verdict->stuck |= more.stuck;
  verdict->at_once |= more.at_once;
  verdict->spurious_end |= more.spurious_end;
  if (more.refuse_with != LogCode::kOk) verdict->refuse_with = more.refuse_with;
  verdict->request_delay += more.request_delay;
  verdict->reply_delay += more.reply_delay;
  verdict->id_jump += more.id_jump;
  verdict->redeliver += more.redeliver;
  verdict->hide_newest += more.hide_newest;
}

}  // namespace

Slot* World::SlotOf(uint32_t process) {
  for (Slot& slot : slots_) {
    if (slot.process != nullptr && static_cast<uint32_t>(slot.process->id()) == process) {
      return &slot;
    }
  }
  return nullptr;
}

SyncFate World::SyncFateOf(const Fault& fault, DiskOperation operation) const {
  if (config_.mode == Mode::kHostile) return static_cast<SyncFate>(fault.variant % 4);
  return FailureOf(operation, fault.variant);
}

DiskVerdict World::OnDisk(const DiskSite& site) {
  DiskVerdict verdict;
  if (site.operation == DiskOperation::kWrite) {
    const auto [found, is_new] = file_index_.try_emplace(std::string(site.path), files_.size());
    if (is_new) files_.push_back({std::string(site.path), 0});
    SeenFile& file = files_[found->second];
    file.end = std::max(file.end, site.offset + site.size);
  }
  Slot* slot = SlotOf(static_cast<uint32_t>(site.process));
  if (slot == nullptr) return verdict;
  due_.clear();
  for (const Site of : SitesOf(site.operation)) sites_.Count(slot->index, of, &due_);
  for (const Fault* fault : due_) Meet(*fault, site, &verdict);
  return verdict;
}

void World::Meet(const Fault& fault, const DiskSite& site, DiskVerdict* verdict) {
  const absl::Duration duration = absl::Nanoseconds(fault.duration_ns);
  switch (fault.kind) {
    case FaultClass::kProcessCrash:
    case FaultClass::kMachineCrash:
      if (fault.trigger.delay_ns != 0) return FireLater(fault, {});
      for (Slot& slot : slots_) slot.restart_after = duration;
      machine_crashed_ = fault.kind == FaultClass::kMachineCrash;
      verdict->crash =
          machine_crashed_ ? DiskVerdict::Crash::kMachine : DiskVerdict::Crash::kProcess;
      verdict->progress = ProgressOf(fault.variant);
      break;
    case FaultClass::kDiskError:
      verdict->error_number = static_cast<int>(fault.amount);
      verdict->progress = ProgressOf(fault.variant);
      if (IsSync(site.operation)) verdict->sync = SyncFateOf(fault, site.operation);
      break;
    case FaultClass::kSyncError:
      verdict->error_number = static_cast<int>(fault.amount);
      verdict->sync = SyncFateOf(fault, site.operation);
      break;
    case FaultClass::kDiskSlow:
      verdict->delay += duration;
      break;
    case FaultClass::kDiskHang:
      verdict->hang = fault.variant == 0 ? DiskVerdict::Stop::kBefore : DiskVerdict::Stop::kAfter;
      kernel_.At(kernel_.Now() + duration, [this, index = site.index] { disk_.Release(index); });
      break;
    case FaultClass::kSyncLie:
      if (!IsSync(site.operation)) return;
      verdict->sync = LieOf(fault.variant);
      break;
    case FaultClass::kLostName:
      verdict->lose_name = true;
      break;
    case FaultClass::kMisdirectedRead:
    case FaultClass::kMisdirectedWrite:
      verdict->misdirect =
          DiskVerdict::Misdirection{"", site.offset + static_cast<uint64_t>(fault.amount)};
      break;
    default:
      return FireLater(fault, {});
  }
  NoteFired(fault, SlotOf(static_cast<uint32_t>(site.process)));
}

LogVerdict World::OnRequest(const LogCall& call) {
  LogVerdict verdict;
  Slot* slot = SlotOf(call.process);
  if (slot == nullptr) return verdict;
  due_.clear();
  for (const Site of : SitesOf(call)) sites_.Count(slot->index, of, &due_);
  for (const Fault* fault : due_) {
    if (!IsOfRequest(fault->kind)) {
      FireLater(*fault, {});
    } else if (AppliesTo(LogKindOf(fault->kind), call.op)) {
      MeetRequest(*fault, slot->index, &verdict);
    }
  }
  return verdict;
}

void World::MeetRequest(const Fault& fault, uint32_t slot, LogVerdict* verdict) {
  Join(VerdictOf(LogKindOf(fault.kind), static_cast<uint64_t>(fault.amount)), verdict);
  if (fault.kind == FaultClass::kStuck) {
    dead_backends_.emplace_back(slots_[slot].process_number(), recorder_.history().events.size());
  }
  NoteFired(fault, &slots_[slot]);
}

void World::OnCall(uint32_t slot, Site site) {
  if (healed_) return;
  std::vector<const Fault*> due;
  sites_.Count(slot, site, &due);
  for (const Fault* fault : due) FireLater(*fault, {});
}

void World::FireLater(const Fault& fault, absl::Duration delay) {
  const absl::Duration when = kernel_.Now() + absl::Nanoseconds(fault.trigger.delay_ns) + delay;
  kernel_.At(when, [this, &fault] { Fire(fault); });
}

void World::Fire(const Fault& fault) {
  if (healed_) return;
  Slot* slot = &SlotOf(fault);
  if (fault.kind == FaultClass::kMachineCrash) {
    NoteFired(fault, nullptr);
    for (Slot& each : slots_) each.restart_after = absl::Nanoseconds(fault.duration_ns);
    machine_crashed_ = true;
    for (Slot& each : slots_) {
      if (each.process != nullptr) kernel_.Kill(each.process);
    }
    disk_.CrashMachine();
    return;
  }
  if (fault.kind < FaultClass::kDiskError) {
    if (slot->process == nullptr || !slot->process->alive()) return;
    NoteFired(fault, slot);
    FireOnProcess(fault, slot);
  } else if (!service_) {
    NoteFired(fault, nullptr);
    FireOnDisk(fault);
  } else if (slot->process != nullptr) {
    NoteFired(fault, slot);
    FireOnService(fault, slot);
  }
}

void World::Later(const Fault& fault, Process* process, absl::AnyInvocable<void(Process*)> undo) {
  kernel_.At(kernel_.Now() + absl::Nanoseconds(fault.duration_ns),
             [this, process, undo = std::move(undo)]() mutable {
               if (!healed_ && process->alive()) undo(process);
             });
}

void World::FireOnProcess(const Fault& fault, Slot* slot) {
  Process* process = slot->process;
  const absl::Duration amount = absl::Nanoseconds(fault.amount);
  const Recorder::Who who = {slot->process_number(), 0, 0};
  switch (fault.kind) {
    case FaultClass::kProcessCrash:
      slot->restart_after = absl::Nanoseconds(fault.duration_ns);
      kernel_.Kill(process);
      break;
    case FaultClass::kPause:
      if (process->paused()) return;
      recorder_.Add(who, check::Pause{});
      kernel_.Pause(process);
      Later(fault, process, [this, who](Process* p) {
        if (!p->paused()) return;
        recorder_.Add(who, check::Resume{});
        kernel_.Resume(p);
      });
      break;
    case FaultClass::kWallJump:
      process->JumpWall(amount);
      break;
    case FaultClass::kWallDrift:
      process->SetWallDrift(fault.amount);
      Later(fault, process, [](Process* p) { p->SetWallDrift(0); });
      break;
    case FaultClass::kLateTimers:
      process->SetLateTimers(amount);
      Later(fault, process, [](Process* p) { p->SetLateTimers(absl::ZeroDuration()); });
      break;
    case FaultClass::kSlowBlocking:
      process->SetBlockingMax(amount);
      Later(fault, process, [most = config_.blocking_max_ns](Process* p) {
        p->SetBlockingMax(absl::Nanoseconds(most));
      });
      break;
    default:
      break;
  }
}

const World::SeenFile* World::PickFile(uint64_t pick) const {
  return files_.empty() ? nullptr : &files_[pick % files_.size()];
}

void World::FireOnDisk(const Fault& fault) {
  const absl::Duration until = kernel_.Now() + absl::Nanoseconds(fault.duration_ns);
  const SeenFile* file = PickFile(fault.pick);
  const uint64_t sectors = file == nullptr ? 0 : file->end / kSector;
  const uint64_t offset = sectors == 0 ? 0 : fault.pick / 7 % sectors * kSector;
  switch (fault.kind) {
    case FaultClass::kDiskFull:
      disk_.SetCapacity(disk_.used_bytes() + static_cast<uint64_t>(fault.amount));
      kernel_.At(until, [this] { disk_.SetCapacity(kPlenty); });
      break;
    case FaultClass::kDiskReadOnly:
      disk_.SetReadOnly(true);
      kernel_.At(until, [this] { disk_.SetReadOnly(false); });
      break;
    case FaultClass::kMemoryPressure:
      disk_.DropCleanPages();
      break;
    case FaultClass::kWriteBackError:
      if (file == nullptr) break;
      disk_.FailWriteBack(file->path, static_cast<int>(fault.amount),
                          static_cast<SyncFate>(fault.variant % 4));
      break;
    case FaultClass::kBitRot:
      if (file == nullptr) break;
      disk_.Rot(file->path, offset + fault.pick % kSector, static_cast<uint8_t>(fault.amount));
      break;
    case FaultClass::kLatentSector:
      if (file == nullptr) break;
      disk_.BreakSector(file->path, offset);
      break;
    default:
      break;
  }
}

void World::FireOnService(const Fault& fault, Slot* slot) {
  const absl::Duration duration = absl::Nanoseconds(fault.duration_ns);
  switch (fault.kind) {
    case FaultClass::kPartition:
      service_->Cut(slot->process->id());
      Later(fault, slot->process, [this](Process* p) { service_->Heal(p->id()); });
      break;
    case FaultClass::kServiceRestart:
      service_->Restart(duration);
      break;
    case FaultClass::kRetention: {
      const uint64_t through = service_->Retain("orders", static_cast<size_t>(fault.amount));
      if (through > 0) recorder_.Add({}, check::Retention{through});
      break;
    }
    default:
      break;
  }
}

bool World::HasOpenTxn(const Slot& slot) const {
  for (size_t i = 0; i < config_.clients.size(); ++i) {
    if (config_.clients[i].slot == slot.index && clients_[i].has_open_txn()) return true;
  }
  return false;
}

// Of what concerns the whole machine, the phases of all slots count.
void World::NoteFired(const Fault& fault, const Slot* slot) {
  const auto index = static_cast<size_t>(&fault - plan_.faults.data());
  fired_.push_back({absl::ToInt64Nanoseconds(kernel_.Now()), index});
  auto& phases = fault_phases_[static_cast<size_t>(fault.kind)];
  const auto count = [&phases](RunPhase phase) { ++phases[static_cast<size_t>(phase)]; };
  for (const Slot& each : slots_) {
    if ((slot != nullptr && &each != slot) || each.process == nullptr) continue;
    const auto has = [&each](CallKind kind) {
      return each.under_way[static_cast<size_t>(kind)] > 0;
    };
    if (has(CallKind::kOpen)) count(RunPhase::kOpening);
    if (has(CallKind::kRecover)) count(RunPhase::kRecovering);
    if (has(CallKind::kAppend)) count(RunPhase::kAppending);
    if (has(CallKind::kTruncate)) count(RunPhase::kTruncating);
    if (has(CallKind::kScan)) count(RunPhase::kReading);
    if (has(CallKind::kClose)) count(RunPhase::kClosing);
    if (HasOpenTxn(each)) count(RunPhase::kTransacting);
    if (each.pending() > 0) continue;
    count(each.writers > 0 ? RunPhase::kTicking : RunPhase::kIdle);
  }
}

}  // namespace tidelog::sim
