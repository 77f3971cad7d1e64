// CrashableFileSystem keeps the contract of every FileSystem.

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "wal/async/runtime.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/io/testing/file_system_contract.h"

namespace tidelog {
namespace {

class CrashableUnderTest final : public FileSystemUnderTest {
 public:
  Runtime* runtime() override { return &runtime_; }
  FileSystem* files() override { return files_; }
  FileSystem* other_files() override { return other_files_; }
  std::string directory() override { return "/"; }

 private:
  TestRuntime runtime_;
  CrashableFileSystem disk_{&runtime_, {}};
  FileSystem* const files_ = disk_.NewProcess();
  FileSystem* const other_files_ = disk_.NewProcess();
};

std::unique_ptr<FileSystemUnderTest> Make() { return std::make_unique<CrashableUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Crashable, FileSystemContract, testing::Values(Make));

}  // namespace
}  // namespace tidelog
