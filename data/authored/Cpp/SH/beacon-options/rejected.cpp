#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct Option {
    std::uint8_t type = 0;
    std::string value;
};

constexpr std::size_t kHeaderSize = 3;
constexpr std::size_t kMaxValueSize = 1024;
constexpr std::uint8_t kEndOfOptions = 0;

std::optional<std::vector<Option>> parseOptions(const std::uint8_t* data, std::size_t size) {
    std::vector<Option> options;
    std::size_t at = 0;

    while (at < size && data[at] != kEndOfOptions) {
        if (size - at < kHeaderSize) {
            return std::nullopt;
        }
        const std::size_t length = static_cast<std::size_t>(data[at + 1]) << 8 | data[at + 2];
        if (length > kMaxValueSize) {
            return std::nullopt;
        }
        const char* value = reinterpret_cast<const char*>(data + at + kHeaderSize);
        options.push_back({data[at], std::string(value, length)});
        at += kHeaderSize + length;
    }
    if (at > size) {
        return std::nullopt;
    }
    return options;
}
