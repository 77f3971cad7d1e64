#include "sim/kernel/remote_calls.h"

#include "absl/log/check.h"

namespace tidelog::sim {

RemoteTable::RemoteTable(Process* process, const void* type) : process_(process), type_(type) {
  WorldScope world;
  process->tables_.push_back(this);
  number_ = static_cast<uint32_t>(process->tables_.size());
}

RemoteTable::~RemoteTable() { process_->tables_[number_ - 1] = nullptr; }

CallToken RemoteTable::NextToken() { return {process_->id(), number_, next_call_++}; }

RemoteTable* RemoteTable::Find(Process* process, const CallToken& token, const void* type) {
  CHECK(token.table >= 1 && token.table <= process->tables_.size())
      << "process " << process->name() << " has made no table " << token.table;
  RemoteTable* table = process->tables_[token.table - 1];
  CHECK(table == nullptr || table->type_ == type)
      << "call " << token.call << " of process " << process->name()
      << " is answered with another type than it asked for";
  return table;
}

}  // namespace tidelog::sim
