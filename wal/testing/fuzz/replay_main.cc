// A main for fuzz targets without libFuzzer: runs each file, and each file below each directory,
// that it is given once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void AddFiles(const std::filesystem::path& path, std::vector<std::filesystem::path>* files) {
  if (!std::filesystem::is_directory(path)) {
    files->push_back(path);
    return;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    AddFiles(entry.path(), files);
  }
}

void Replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] != '-') AddFiles(argv[i], &files);
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& path : files) Replay(path);
  std::printf("replayed %zu inputs\n", files.size());
  return files.empty() ? 1 : 0;
}
