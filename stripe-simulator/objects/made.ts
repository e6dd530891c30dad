/** In which mode an object is made, and when (unix seconds): what each has of the unit of work that makes it. */
export interface Made {
  livemode: boolean;
  now: number;
}
