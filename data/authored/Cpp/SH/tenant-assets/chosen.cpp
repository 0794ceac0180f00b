#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace fs = std::filesystem;

// Whether all components of the folder are also the first ones of the path.
static bool liesWithin(const fs::path& path, const fs::path& folder) {
    const auto ends = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return ends.first == folder.end();
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
