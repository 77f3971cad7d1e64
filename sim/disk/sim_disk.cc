#include "sim/disk/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "sim/disk/disk_client.h"
#include "sim/kernel/arena.h"
#include "wal/io/io_error.h"

namespace tidelog::sim {
namespace {

using Progress = DiskVerdict::Progress;
using Stop = DiskVerdict::Stop;

// Of a note in the trace: below are the operations.
constexpr uint64_t kLoadNote = 64;
constexpr uint64_t kExchangeNote = 65;

constexpr size_t kHashedMax = 512;  // Of the bytes of an operation, at each end.

uint64_t Mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9fb21c651e98df25;
  return hash ^ hash >> 32;
}

uint64_t HashOf(std::span<const char> bytes) {
  uint64_t hash = bytes.size();
  const auto add = [&hash](std::span<const char> part) {
    for (size_t at = 0; at < part.size(); at += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, part.data() + at, std::min(sizeof(word), part.size() - at));
      hash = Mix(hash, word);
    }
  };
  if (bytes.size() <= 2 * kHashedMax) {
    add(bytes);
  } else {
    add(bytes.first(kHashedMax));
    add(bytes.last(kHashedMax));
  }
  return hash;
}

// Tables of the whole program that are made at their first use, by what lives on disks, and must
// not be a process's.  A checksum of a few bytes would make none.
void MakeSharedTables() {
  (void)IoError("open", "", EIO);
  (void)absl::ComputeCrc32c(std::string(SectorStore::kBlockSize, '\0'));
}

}  // namespace

SimDisk::SimDisk(Kernel* kernel, const Options& options)
    : kernel_(kernel),
      options_(options),
      latency_(kernel->Stream(absl::StrCat(options.name, " latency"))),
      luck_(kernel->Stream(absl::StrCat(options.name, " luck"))),
      model_(options.tear_bytes, kernel->Stream(absl::StrCat(options.name, " medium"))) {
  MakeSharedTables();
}

SimDisk::~SimDisk() = default;

uint64_t SimDisk::Blocks(uint64_t bytes) {
  return bytes == DiskModel::kUnlimited ? bytes : bytes / SectorStore::kBlockSize;
}

bool SimDisk::IsSync(DiskOperation operation) {
  return operation == DiskOperation::kSync || operation == DiskOperation::kSyncWord ||
         operation == DiskOperation::kSyncDirectory || operation == DiskOperation::kStartWriteBack;
}

uint32_t SimDisk::ClientOf(Process* process) {
  for (const uint32_t client : alive_) {
    if (clients_[client].process == process) return client;
  }
  const auto client = static_cast<uint32_t>(clients_.size());
  clients_.emplace_back().process = process;
  alive_.push_back(client);
  return client;
}

DiskRequest* SimDisk::Begin(uint32_t client, DiskOperation operation) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(calls_.size()));
    calls_.push_back(std::make_unique<DiskCall>());
    calls_.back()->slot = free_slots_.back();
  }
  DiskCall* call = calls_[free_slots_.back()].get();
  free_slots_.pop_back();
  call->state = DiskCall::State::kPlanned;
  call->request.operation = operation;
  call->request.client = client;
  call->request.slot = call->slot;
  return &call->request;
}

void SimDisk::Submit(DiskRequest* request) {
  DiskCall* call = calls_[request->slot].get();
  const bool device =
      IsSync(request->operation) || request->operation == DiskOperation::kReadDirect;
  Plan(call, device ? options_.device : options_.cached);
}

DiskCall* SimDisk::Find(Handle handle) {
  DiskCall* call = calls_[handle.slot].get();
  const bool lives = call->generation == handle.generation && call->state != DiskCall::State::kFree;
  return lives ? call : nullptr;
}

absl::Duration SimDisk::Draw(const Latency& latency) {
  const auto spread = static_cast<uint64_t>(absl::ToInt64Nanoseconds(latency.most - latency.least));
  const uint64_t drawn = latency_.Below(spread + spread / 3 + 1);
  return latency.least + absl::Nanoseconds(drawn > spread ? 0 : drawn);
}

void SimDisk::Plan(DiskCall* call, const Latency& latency) {
  PlanAt(call, kernel_->Now() + Draw(latency));
}

void SimDisk::PlanAt(DiskCall* call, absl::Duration when) {
  call->state = DiskCall::State::kPlanned;
  kernel_->At(when, [this, handle = HandleOf(*call)] { Arrive(handle); });
}

void SimDisk::Arrive(Handle handle) {
  BuryDead();
  DiskCall* call = Find(handle);
  if (call == nullptr) return;  // Its process has died.
  if (!call->asked) AskHook(call);
  DiskVerdict& verdict = call->verdict;
  if (verdict.delay > absl::ZeroDuration()) {
    PlanAt(call, kernel_->Now() + std::exchange(verdict.delay, absl::ZeroDuration()));
    return;
  }
  if (StopsAt(call, Stop::kBefore)) return;
  if (!call->effected && !TakeEffect(call)) return;
  if (StopsAt(call, Stop::kAfter)) return;
  Finish(call);
}

void SimDisk::AskHook(DiskCall* call) {
  const DiskRequest& request = call->request;
  Client& client = clients_[request.client];
  call->asked = true;
  call->index = operation_count_++;
  const uint64_t of_process = client.operation_count++;
  const uint64_t of_kind = client.kind_counts[static_cast<size_t>(request.operation)]++;
  if (hook_ == nullptr) return;
  const DiskSite site{.index = call->index,
                      .of_process = of_process,
                      .of_kind = of_kind,
                      .operation = request.operation,
                      .process = client.process->id(),
                      .path = request.on_file ? model_.PathOf(request.file) : request.path,
                      .offset = request.offset,
                      .size = request.size};
  call->verdict = hook_(site);
}

// True if the call does not go on now.
bool SimDisk::StopsAt(DiskCall* call, DiskVerdict::Stop point) {
  DiskVerdict& verdict = call->verdict;
  if (verdict.hang == point) {
    verdict.hang = Stop::kNo;
    call->state = DiskCall::State::kHung;
    return true;
  }
  if (verdict.pause != point) return false;
  verdict.pause = Stop::kNo;
  call->state = DiskCall::State::kHeld;
  Process* process = clients_[call->request.client].process;
  kernel_->Pause(process);
  // As code of the process, this waits until it is resumed.
  kernel_->Deliver(process->id(), [this, handle = HandleOf(*call)] {
    WorldScope world;
    PlanAt(Find(handle), kernel_->Now());
  });
  return true;
}

// False if there is nothing to go on with: it takes another step, or its process has died.
bool SimDisk::TakeEffect(DiskCall* call) {
  if (call->verdict.crash != DiskVerdict::Crash::kNone) {
    CrashIn(call);
    return false;
  }
  if (call->verdict.error_number != 0) {
    Fail(call);
  } else if (TakesTwoSteps(*call)) {
    ApplyFirstStep(call);
    Plan(call, options_.cached);
    return false;
  } else {
    Apply(call, EffectOf(*call));
  }
  call->effected = true;
  const uint64_t outcome = Mix(HashOf(call->request.bytes.span()), call->reply.value);
  Note(static_cast<uint64_t>(call->request.operation),
       Mix(outcome, static_cast<uint64_t>(call->reply.error_number)));
  return true;
}

bool SimDisk::TakesTwoSteps(const DiskCall& call) {
  if (call.began) return false;
  const bool large_write = call.request.operation == DiskOperation::kWrite &&
                           call.request.bytes.size() > SectorStore::kBlockSize;
  if (!large_write && call.request.operation != DiskOperation::kList) return false;
  return luck_.OneIn(options_.two_steps_in_1000, 1000);
}

// Of a write some whole pages.
void SimDisk::ApplyFirstStep(DiskCall* call) {
  DiskModel::Effect effect = EffectOf(*call);
  constexpr uint64_t kPage = SectorStore::kBlockSize;
  if (call->request.operation == DiskOperation::kWrite) {
    const uint64_t drawn = 1 + luck_.Below(call->request.bytes.size() - 1);
    const uint64_t end = call->request.offset + drawn;
    effect.write_end = drawn - std::min(drawn, end % kPage);
  }
  Apply(call, effect);
  call->began = true;
}

DiskModel::Effect SimDisk::EffectOf(const DiskCall& call) const {
  const DiskVerdict& verdict = call.verdict;
  const bool fails = verdict.error_number != 0;
  return {.sync = verdict.sync.value_or(fails ? SyncFate::kSome : SyncFate::kDurable),
          .sync_error_number = verdict.error_number,
          .misdirect = verdict.misdirect.has_value() ? &*verdict.misdirect : nullptr,
          .lose_name = verdict.lose_name};
}

void SimDisk::Apply(DiskCall* call, const DiskModel::Effect& effect) {
  model_.Apply(call, effect);
  TellWatchers();
}

// As much of it as its verdict says happens; what it yields is of no interest.
void SimDisk::ApplyPart(DiskCall* call, Progress progress) {
  if (progress == Progress::kNothing) return;
  DiskModel::Effect effect = EffectOf(*call);
  if (progress == Progress::kPart) {
    const bool on_file = call->request.operation == DiskOperation::kSync ||
                         call->request.operation == DiskOperation::kSyncWord;
    const uint64_t size = call->request.bytes.size();
    if (call->request.operation == DiskOperation::kWrite) {
      const uint64_t drawn = size == 0 ? 0 : luck_.Below(size);
      effect.write_end = std::max(drawn, call->done);
    } else if (on_file) {
      effect.sync = call->verdict.sync.value_or(SyncFate::kCutShort);
    } else if (luck_.OneIn(1, 2)) {
      return;
    }
  }
  Apply(call, effect);
}

void SimDisk::Fail(DiskCall* call) {
  const DiskVerdict& verdict = call->verdict;
  if (IsSync(call->request.operation)) {
    Apply(call, EffectOf(*call));
    return;
  }
  if (call->request.operation == DiskOperation::kWrite) ApplyPart(call, verdict.progress);
  call->reply.error_number = verdict.error_number;
}

void SimDisk::CrashIn(DiskCall* call) {
  const DiskVerdict::Crash crash = call->verdict.crash;
  ApplyPart(call, call->verdict.progress);
  call->effected = true;
  Note(static_cast<uint64_t>(call->request.operation), static_cast<uint64_t>(crash));
  if (crash == DiskVerdict::Crash::kMachine) {
    CrashMachine();
  } else {
    kernel_->Kill(clients_[call->request.client].process);
    BuryDead();
  }
}

void SimDisk::Finish(DiskCall* call) {
  DiskRequest& request = call->request;
  DiskReply& reply = call->reply;
  if (call->syncing) {
    reply.sync_error_number = std::exchange(reply.error_number, 0);
  } else if (request.then_sync && reply.error_number == 0) {
    call->syncing = true;
    call->asked = call->began = call->effected = false;
    call->verdict = {};
    request.operation = DiskOperation::kSync;
    Plan(call, options_.device);
    return;
  }
  Answer(call);
}

void SimDisk::Answer(DiskCall* call) {
  call->state = DiskCall::State::kAnswered;
  kernel_->Deliver(call->request.token.process, [this, handle = HandleOf(*call)] {
    DiskCall* answered = Find(handle);
    const CallToken& token = answered->request.token;
    DiskClient::Receive(kernel_->process(token.process), token, *answered);
    WorldScope world;
    Free(answered);
  });
}

void SimDisk::Free(DiskCall* call) {
  DiskRequest& request = call->request;
  request.file = request.offset = request.size = 0;
  request.aligned = true;
  request.then_sync = request.on_file = false;
  request.bytes.Resize(0);
  call->reply = {};
  call->verdict = {};
  call->done = 0;
  call->asked = call->began = call->syncing = call->effected = false;
  call->state = DiskCall::State::kFree;
  ++call->generation;
  free_slots_.push_back(call->slot);
}

void SimDisk::BuryDead() {
  const auto is_dead = [this](uint32_t client) { return !clients_[client].process->alive(); };
  for (const uint32_t client : alive_) {
    if (is_dead(client)) Bury(client);
  }
  std::erase_if(alive_, is_dead);
}

// What it had in flight was done, done in part, or not.  What it was paused before, or what hung,
// was not.
void SimDisk::Bury(uint32_t client) {
  for (const std::unique_ptr<DiskCall>& call : calls_) {
    if (call->state == DiskCall::State::kFree || call->request.client != client) continue;
    if (call->state == DiskCall::State::kPlanned && !call->effected) {
      constexpr Progress kFates[] = {Progress::kNothing, Progress::kPart, Progress::kAll};
      ApplyPart(call.get(), kFates[luck_.Below(3)]);
    }
    Free(call.get());
  }
  model_.CloseAllOf(client);
}

void SimDisk::CrashMachine() {
  CHECK(Arena::Current() == nullptr) << "a machine crashes in the memory of the world";
  for (const uint32_t client : alive_) kernel_->Kill(clients_[client].process);
  BuryDead();
  CHECK(alive_.empty()) << "a machine crashes outside of its processes' code";
  model_.Crash();
}

bool SimDisk::Release(uint64_t index) {
  BuryDead();
  for (const std::unique_ptr<DiskCall>& call : calls_) {
    if (call->state != DiskCall::State::kHung || call->index != index) continue;
    PlanAt(call.get(), kernel_->Now());
    return true;
  }
  return false;
}

void SimDisk::ReleaseAll() {
  BuryDead();
  for (const std::unique_ptr<DiskCall>& call : calls_) {
    if (call->state == DiskCall::State::kHung) PlanAt(call.get(), kernel_->Now());
  }
}

void SimDisk::EndFaults() {
  hook_ = nullptr;
  BuryDead();
  for (const std::unique_ptr<DiskCall>& call : calls_) {
    if (!call->effected) call->verdict = {};
  }
  ReleaseAll();
}

bool SimDisk::BreakSector(std::string_view path, uint64_t offset) {
  BuryDead();
  return model_.BreakSector(path, offset);
}

bool SimDisk::Rot(std::string_view path, uint64_t offset, uint8_t mask) {
  BuryDead();
  return model_.Rot(path, offset, mask);
}

bool SimDisk::FailWriteBack(std::string_view path, int error_number, SyncFate fate) {
  BuryDead();
  return model_.FailWriteBack(path, error_number, fate);
}

size_t SimDisk::in_flight_count() {
  BuryDead();
  return calls_.size() - free_slots_.size();
}

size_t SimDisk::hung_count() {
  BuryDead();
  const auto hangs = [](const auto& call) { return call->state == DiskCall::State::kHung; };
  return static_cast<size_t>(std::count_if(calls_.begin(), calls_.end(), hangs));
}

size_t SimDisk::open_count() {
  BuryDead();
  return model_.open_count();
}

uint64_t SimDisk::LoadWord(uint64_t file, uint64_t offset) {
  BuryDead();
  const uint64_t value = model_.LoadWord(file, offset);
  Note(kLoadNote, value);
  return value;
}

bool SimDisk::ExchangeWord(uint64_t file, uint64_t offset, uint64_t& expected, uint64_t desired) {
  BuryDead();
  const bool done = model_.ExchangeWord(file, offset, expected, desired);
  Note(kExchangeNote, done ? desired : ~expected);
  return done;
}

void SimDisk::AttachWatch(uint64_t watch) {
  model_.AttachWatch(watch);
  TellWatchers();
}

void SimDisk::TellWatchers() {
  if (!model_.has_changed()) return;
  for (const uint64_t watch : model_.TakeChanged()) {
    if (!model_.HasWatch(watch)) continue;
    kernel_->Notify(model_.TokenOf(watch).process, [this, watch] {
      if (!model_.HasWatch(watch)) return;
      const CallToken token = model_.TokenOf(watch);
      DiskClient::Tell(kernel_->process(token.process), token, watch);
    });
  }
}

void SimDisk::Note(uint64_t what, uint64_t payload) { kernel_->Note(what, payload); }

}  // namespace tidelog::sim
