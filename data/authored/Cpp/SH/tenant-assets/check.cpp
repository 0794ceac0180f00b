#include "solution.cpp"

#include <cstdlib>
#include <fstream>

#undef NDEBUG
#include <cassert>

static void write(const fs::path& file) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "x";
}

int main() {
    char name[] = "/tmp/tenants-XXXXXX";
    const fs::path base = fs::canonical(mkdtemp(name));
    const fs::path root = base / "acme";
    write(root / "img/logo.png");
    write(root / "css/site.css");
    write(base / "other/secret.txt");
    write(base / "acme-shop/orders.csv");
    fs::create_symlink(base / "other/secret.txt", root / "link");

    const bool serves = assetPath(root, "img/logo.png") == root / "img/logo.png" &&
                        assetPath(root, "css/../img/logo.png") == root / "img/logo.png";
    const bool refuses = !assetPath(root, "img") && !assetPath(root, "none.png") && !assetPath(root, "link") &&
                         !assetPath(root, "../other/secret.txt") && !assetPath(root, "/etc/passwd");
    const bool keepsNeighbours = !assetPath(root, "../acme-shop/orders.csv");
    fs::remove_all(base);

    assert(serves);
    assert(refuses);
    assert(keepsNeighbours);
    return 0;
}
