//! Runs a task of the codec so many times and does nothing else: for `.ci/bounds`, which counts what that takes.
//!
//! `count` lists the tasks with the messages of a run; `count TASK RUNS` runs one.

use netns_benches::codec::tasks;

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(name), Some(Ok(runs))) = (args.next(), args.next().map(|n| n.parse::<u32>())) else {
        return tasks().iter().for_each(|t| println!("{}\t{}", t.messages, t.name));
    };
    let mut task = tasks().into_iter().find(|t| t.name == name).expect("a task");
    let ours = task.ours();
    for _ in 0..runs {
        std::hint::black_box((ours.run)());
    }
}
