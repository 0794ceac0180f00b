#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

class Folder {
public:
    static std::shared_ptr<Folder> makeRoot(std::string name) {
        return std::shared_ptr<Folder>(new Folder(std::move(name), nullptr));
    }

    std::shared_ptr<Folder> addChild(std::string name) {
        children_.push_back(std::shared_ptr<Folder>(new Folder(std::move(name), this)));
        return children_.back();
    }

    void addFile(std::uint64_t bytes) { bytes_ += bytes; }

    std::uint64_t totalBytes() const {
        std::uint64_t total = bytes_;
        for (const auto& child : children_) {
            total += child->totalBytes();
        }
        return total;
    }

    std::string path() const {
        return parent_ == nullptr ? name_ : parent_->path() + "/" + name_;
    }

private:
    Folder(std::string name, const Folder* parent) : name_(std::move(name)), parent_(parent) {}

    std::string name_;
    const Folder* parent_;
    std::uint64_t bytes_ = 0;
    std::vector<std::shared_ptr<Folder>> children_;
};
