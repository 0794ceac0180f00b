#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace fs = std::filesystem;

// Whether the resolved path is the folder's path plus something below it.
static bool liesWithin(const fs::path& path, const fs::path& folder) {
    return path.native().compare(0, folder.native().size(), folder.native()) == 0;
}

std::optional<fs::path> assetPath(const fs::path& root, const std::string& requested) {
    std::error_code error;
    const fs::path folder = fs::canonical(root, error);
    if (error) {
        return std::nullopt;
    }
    const fs::path file = fs::canonical(folder / requested, error);
    if (error || !liesWithin(file, folder)) {
        return std::nullopt;
    }
    if (!fs::is_regular_file(file, error)) {
        return std::nullopt;
    }
    return file;
}
