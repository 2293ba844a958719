import { liveAttempt } from "./attempt-life.ts";
import { type Around, oneAtATime, pathText, watchDisk } from "./disk-operations.ts";
import { spoil } from "./store-mutants.ts";
import { dieAt, live, numbersFrom, orderOfProcess } from "./victim-order.ts";

// A process that lives one attempt with a store in a folder, and is killed with SIGKILL exactly before or after one of its
// disk operations.

const order = orderOfProcess();

void live(order, async (tell) => {
  let operations = 0;
  const around: Around = async (operation, act) => {
    operations += 1;
    const number = operations;
    dieAt(order, "before", number);
    if (order.isMount && operation.name === "rename" && pathText(operation.args[0]) === order.plan.folder) {
      throw Object.assign(new Error("EBUSY: a mount point"), { code: "EBUSY", syscall: "rename" });
    }
    const result = await act();
    dieAt(order, "after", number);
    return result;
  };
  await watchDisk(order.order === undefined ? around : oneAtATime(numbersFrom(order.order), around));
  await liveAttempt(order.plan, tell, (store) => spoil(order.mutant, store));
  return { operations, sent: 0 };
});
