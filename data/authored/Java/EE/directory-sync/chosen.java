import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

record Account(String id, String name, String mail) {
}

record Changes(List<Account> created, List<Account> updated, List<String> deleted) {
}

final class DirectorySync {

    private DirectorySync() {
    }

    static Changes plan(List<Account> remote, List<Account> local) {
        Map<String, Account> unmatched = new LinkedHashMap<>();
        for (Account account : local) {
            unmatched.put(account.id(), account);
        }

        List<Account> created = new ArrayList<>();
        List<Account> updated = new ArrayList<>();
        for (Account account : remote) {
            Account known = unmatched.remove(account.id());
            if (known == null) {
                created.add(account);
            } else if (!known.equals(account)) {
                updated.add(account);
            }
        }
        return new Changes(created, updated, new ArrayList<>(unmatched.keySet()));
    }
}
