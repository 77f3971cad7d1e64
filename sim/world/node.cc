#include "sim/world/node.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "adaptor/opener_builder.h"
#include "impls/file/file_log.h"
#include "sim/disk/sim_file_system.h"
#include "sim/kernel/arena.h"
#include "sim/log/sim_log.h"
#include "sim/world/node_activity.h"
#include "sim/world/words.h"
#include "wal/async/coroutine.h"
#include "wal/environment.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

constexpr char kChannel[] = "orders";

std::unique_ptr<walimpls::OpenerBuilderImpls> MakeBackend(const NodeHost& host) {
  if (host.service != nullptr) return MakeSimLogBuilder(host.process, host.service);
  return impls::file::MakeBuilder();
}

}  // namespace

Node::Node(const NodeHost& host)
    : host_(host),
      slot_(*host.slot),
      recorder_(*host.recorder),
      files_(std::make_unique<SimFileSystem>(host.disk, host.process)),
      backend_(MakeBackend(host)),
      builder_(adaptor::MakeOpenerBuilder(&backend_, {})),
      executor_(host.process->runtime()->MakeExecutor("clients")) {
  MakeOpener();
}

Node::~Node() = default;

void Node::MakeOpener() {
  Environment environment;
  environment.runtime = host_.process->runtime();
  environment.files = files_.get();
  environment.observer = this;
  Config config(host_.plan->config.knobs.begin(), host_.plan->config.knobs.end());
  if (host_.service == nullptr) config["dir"] = "log";
  absl::StatusOr<std::unique_ptr<Opener>> opener = builder_->Build(environment, config);
  CHECK_OK(opener.status()) << "the plan's knobs";
  parts_ = std::make_shared<OpenerParts>();
  parts_->opener = *std::move(opener);
}

void Node::OnEvent(const tidelog::Event& event) {
  check::Observed observed;
  observed.kind = static_cast<check::Observed::Kind>(event.kind);
  observed.flow = static_cast<check::FlowState>(event.flow.state);
  observed.term = ToInt(event.channel.term);
  recorder_.Note({slot_.process_number(), 0, 0}, observed);
}

Recorder::Who Node::WhoOf(const Handle& handle, int32_t op) const {
  return {slot_.process_number(), handle.number, op};
}

void Node::Tell(Site site) {
  WorldScope world;
  (*host_.on_call)(slot_.index, site);
}

void Node::Begin(const Operation* operation) { const Future<Unit> dropped = Run(operation); }

Future<Unit> Node::Run(const Operation* operation) {
  const Activity activity(&slot_);
  Given given(&slot_);
  co_await EnterExecutor(executor_.get());
  if (is_stopping_) co_return Unit{};
  const uint32_t client = operation->client;
  const HandlePtr handle = FindHandle(client, operation->handle, false);
  switch (operation->kind) {
    case OperationKind::kOpen:
      co_await Open(client, operation->term);
      co_return Unit{};
    case OperationKind::kOpenReadOnly:
      co_await OpenReadOnly(client);
      co_return Unit{};
    case OperationKind::kAppend:
    case OperationKind::kKeyedAppend:
    case OperationKind::kKeyedCommit:
    case OperationKind::kBeginTxn:
    case OperationKind::kTxnBody:
    case OperationKind::kCommitTxn:
    case OperationKind::kRollbackTxn:
      co_await Append(operation);
      co_return Unit{};
    case OperationKind::kCloseScan:
      co_await CloseScan(FindScan(client, operation->scan));
      co_return Unit{};
    case OperationKind::kCloseOpener:
      if (parts_->closing) co_return Unit{};
      co_await CloseOpener();
      if (!is_stopping_) MakeOpener();
      co_return Unit{};
    default:
      break;
  }
  if (handle == nullptr) co_return Unit{};
  if (operation->kind == OperationKind::kScan) {
    given.Done();
    co_await ReadOn(handle, operation);
  }
  if (operation->kind == OperationKind::kInfo) co_await InfoOn(handle, nullptr);
  if (operation->kind == OperationKind::kClose) co_await Close(handle);
  if (operation->kind == OperationKind::kTruncate) co_await TruncateOn(handle, operation);
  if (operation->kind == OperationKind::kMvcc) co_await MvccOn(handle, operation);
  co_return Unit{};
}

Node::HandlePtr Node::FindHandle(uint32_t client, uint32_t index, bool writer) const {
  uint32_t left = index;
  for (auto it = handles_.rbegin(); it != handles_.rend(); ++it) {
    if ((*it)->client != client || (writer && (*it)->writer == nullptr)) continue;
    if (left-- == 0) return *it;
  }
  return nullptr;
}

Node::ScanPtr Node::FindScan(uint32_t client, uint32_t index) const {
  uint32_t left = index;
  for (auto it = scans_.rbegin(); it != scans_.rend(); ++it) {
    if ((*it)->client == client && left-- == 0) return *it;
  }
  return nullptr;
}

Future<Node::HandlePtr> Node::Open(uint32_t client, int64_t term) {
  const UnderWay under_way(&slot_, recorder_.has_appended ? CallKind::kRecover : CallKind::kOpen);
  const std::shared_ptr<OpenerParts> parts = parts_;
  const int64_t asked = recorder_.AskTerm(term);
  host_.clients[client].last_open = host_.kernel->Now();
  const int32_t number = recorder_.NextHandle();
  const Recorder::Who who = {slot_.process_number(), number, recorder_.NextOp()};
  recorder_.Note(who, check::OpenInvoke{asked, false});
  Tell(Site::kOpenCall);
  PChannel channel{kChannel, Term{asked}};
  absl::StatusOr<std::unique_ptr<Wal>> opened = co_await parts->opener->Open(std::move(channel));
  check::OpenReturn yield;
  yield.code = CodeOf(opened.status());
  if (opened.ok()) yield.boundary = backend_.BoundaryOf(asked);
  recorder_.Note(who, yield);
  if (!opened.ok()) co_return nullptr;
  Wal* writer = opened->get();
  HandlePtr handle = Adopt(parts, *std::move(opened), client, number);
  handle->writer = writer;
  handle->term = asked;
  ++slot_.writers;
  co_return handle;
}

Future<Node::HandlePtr> Node::OpenReadOnly(uint32_t client) {
  const UnderWay under_way(&slot_, CallKind::kOpen);
  const std::shared_ptr<OpenerParts> parts = parts_;
  const int32_t number = recorder_.NextHandle();
  const Recorder::Who who = {slot_.process_number(), number, recorder_.NextOp()};
  recorder_.Note(who, check::OpenInvoke{0, true});
  Tell(Site::kOpenCall);
  PChannel channel{kChannel, Term{0}};
  absl::StatusOr<std::unique_ptr<RoWal>> opened =
      co_await parts->opener->OpenReadOnly(std::move(channel));
  check::OpenReturn yield;
  yield.code = CodeOf(opened.status());
  recorder_.Note(who, yield);
  if (!opened.ok()) co_return nullptr;
  co_return Adopt(parts, *std::move(opened), client, number);
}

Node::HandlePtr Node::Adopt(std::shared_ptr<OpenerParts> parts, std::unique_ptr<RoWal> log,
                            uint32_t client, int32_t number) {
  auto handle = std::make_shared<Handle>();
  handle->parts = std::move(parts);
  handle->log = std::move(log);
  handle->client = client;
  handle->number = number;
  handles_.push_back(handle);
  // It was opened just before its opener began to close.
  if (handle->parts->closing) TellOfClose(handle);
  const Future<Unit> dropped = Watch(handle);
  return handle;
}

Future<Unit> Node::Watch(HandlePtr handle) {
  const Activity activity(&slot_);
  const absl::Status why = co_await handle->log->WhenUnavailable();
  if (handle->writer != nullptr) --slot_.writers;
  handle->lost = true;
  recorder_.Note(WhoOf(*handle, 0), check::Unavailable{CodeOf(why)});
  co_return Unit{};
}

Future<Unit> Node::Close(HandlePtr handle) {
  if (handle->closing) co_return Unit{};
  handle->closing = true;
  const UnderWay under_way(&slot_, CallKind::kClose);
  const Recorder::Who who = WhoOf(*handle, recorder_.NextOp());
  recorder_.Note(who, check::CloseInvoke{});
  Tell(Site::kCloseCall);
  const absl::Status closed = co_await handle->log->Close();
  recorder_.Note(who, check::CloseReturn{CodeOf(closed)});
  handle->closed = true;
  co_return Unit{};
}

void Node::TellOfClose(const HandlePtr& handle) {
  if (handle->closing) return;
  handle->closing = true;
  const Recorder::Who who = WhoOf(*handle, recorder_.NextOp());
  handle->parts->told.emplace_back(handle, who);
  recorder_.Note(who, check::CloseInvoke{});
}

// The opener closes what is open; handles that somebody is closing already are not told of twice.
Future<Unit> Node::CloseOpener() {
  const std::shared_ptr<OpenerParts> parts = parts_;
  if (parts->closing) co_return Unit{};
  parts->closing = true;
  const UnderWay under_way(&slot_, CallKind::kClose);
  for (const HandlePtr& handle : handles_) {
    if (handle->parts == parts) TellOfClose(handle);
  }
  Tell(Site::kCloseCall);
  const absl::Status closed = co_await parts->opener->Close();
  for (const auto& [handle, who] : std::exchange(parts->told, {})) {
    recorder_.Note(who, check::CloseReturn{CodeOf(closed)});
    handle->closed = true;
  }
  co_return Unit{};
}

void Node::BeginStop() {
  is_stopping_ = true;
  const Future<Unit> dropped = RunStop();
}

Future<Unit> Node::RunStop() {
  const Activity activity(&slot_);
  co_await EnterExecutor(executor_.get());
  stopping_.Close();
  co_await CloseOpener();
  slot_.stopped = true;
  co_return Unit{};
}

}  // namespace tidelog::sim
