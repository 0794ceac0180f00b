#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

class MessageAssembler {
public:
    void feed(const char* data, std::size_t size, const std::function<void(std::string_view)>& onMessage) {
        buffer_.append(data, size);

        std::string_view rest = buffer_;
        while (rest.size() >= kHeader && rest.size() - kHeader >= announced(rest)) {
            const std::size_t length = announced(rest);
            onMessage(rest.substr(kHeader, length));
            rest.remove_prefix(kHeader + length);
        }
        keep(rest);
    }

private:
    static constexpr std::size_t kHeader = 4;
    static constexpr std::size_t kMaxLength = 4 << 20;
    static constexpr std::size_t kUsualCapacity = 1024;

    static std::size_t announced(std::string_view header) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < kHeader; ++i) {
            length = length << 8 | static_cast<unsigned char>(header[i]);
        }
        if (length > kMaxLength) {
            throw std::length_error("message too long");
        }
        return length;
    }

    // Only the beginning of the next message stays.
    void keep(std::string_view rest) {
        if (rest.size() <= kUsualCapacity && buffer_.capacity() > kUsualCapacity) {
            std::string(rest).swap(buffer_);
        } else {
            buffer_.erase(0, buffer_.size() - rest.size());
        }
    }

    std::string buffer_;
};
