import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

record Account(String id, String name, String mail) {
}

record Changes(List<Account> created, List<Account> updated, List<String> deleted) {
}

final class DirectorySync {

    private DirectorySync() {
    }

    static Changes plan(List<Account> remote, List<Account> local) {
        List<String> localIds = ids(local);
        List<String> deleted = new ArrayList<>(localIds);
        deleted.removeAll(ids(remote));

        List<Account> created = new ArrayList<>();
        List<Account> updated = new ArrayList<>();
        for (Account account : remote) {
            int position = localIds.indexOf(account.id());
            if (position == -1) {
                created.add(account);
            } else if (!local.get(position).equals(account)) {
                updated.add(account);
            }
        }
        return new Changes(created, updated, deleted);
    }

    private static List<String> ids(List<Account> accounts) {
        return accounts.stream().map(Account::id).collect(Collectors.toList());
    }
}
