#include "sim/disk/disk_client.h"

#include "absl/log/check.h"

namespace tidelog::sim {
namespace {

uint32_t ClientOf(SimDisk* disk, Process* process) {
  WorldScope world;
  return disk->ClientOf(process);
}

}  // namespace

DiskClient::DiskClient(SimDisk* disk, Process* process)
    : RemoteTable(process, &kType),
      disk_(disk),
      client_(sim::ClientOf(disk, process)),
      token_(NextToken()) {}

DiskClient::~DiskClient() {
  CHECK_EQ(waiting_count_, 0u) << "a SimFileSystem was destroyed with operations in flight";
  CHECK(watchers_.empty()) << "a SimFileSystem was destroyed under a watcher";
}

CallToken DiskClient::Keep(Call* call) {
  if (free_calls_.empty()) {
    free_calls_.push_back(calls_.size());
    calls_.push_back(nullptr);
  }
  CallToken token = token_;
  token.call = free_calls_.back();
  free_calls_.pop_back();
  calls_[token.call] = call;
  ++waiting_count_;
  return token;
}

void DiskClient::Receive(Process* process, const CallToken& token, const DiskCall& answer) {
  auto* client = static_cast<DiskClient*>(Find(process, token, &kType));
  CHECK(client != nullptr) << "a SimFileSystem was destroyed with operations in flight";
  Call* call = std::exchange(client->calls_[token.call], nullptr);
  client->free_calls_.push_back(token.call);
  --client->waiting_count_;
  call->receive(call, answer);
}

void DiskClient::AddWatcher(uint64_t watch, Watcher* watcher) {
  watchers_.emplace(watch, watcher);
  WorldScope world;
  disk_->AttachWatch(watch);
}

void DiskClient::RemoveWatcher(uint64_t watch) {
  watchers_.erase(watch);
  WorldScope world;
  disk_->CloseWatch(watch);
}

void DiskClient::Tell(Process* process, const CallToken& token, uint64_t watch) {
  auto* client = static_cast<DiskClient*>(Find(process, token, &kType));
  if (client == nullptr) return;
  const auto found = client->watchers_.find(watch);
  if (found == client->watchers_.end()) return;
  {
    WorldScope world;
    client->disk_->NoteTold(watch);
  }
  found->second->OnChange();
}

}  // namespace tidelog::sim
